// SPDX-License-Identifier: BSL-1.0
#include "init.hpp"

#include "connect.hpp"
#include "exit_codes.hpp"
#include "lock_failure.hpp"
#include "message.hpp"
#include "signal_watcher.hpp"
#include "url_source.hpp"

#include <dlock/factory.hpp>
#include <dlock/fencing.hpp>

#include <soci/soci.h>

#include <cstdio>
#include <string>

namespace dlock::cli {
namespace {

// Where the counter is: whoever forgot the URL sees it here.
std::string place_of_counter(soci::session& session, const Target& target) {
    std::string kind = ", database ";
    std::string name = "dlock";  // MySQL's and MariaDB's is in a database of its own
    if (target.backend == "postgresql") {
        session.once << "SELECT current_database()", soci::into(name);
    } else if (target.backend == "sqlite3") {
        session.once << "SELECT file FROM pragma_database_list WHERE name = 'main'",
            soci::into(name);
        kind = ", file ";
    }
    return capabilities(session).database + kind + in_quotes(name);
}

}  // namespace

int init(const InitOptions& options, const Signals& signals) {
    const SignalWatcher watcher(signals);
    const Target target = find_target(options.url, options.url_file);
    load_backend(target);
    const auto session = open_session(target);
    std::string place;
    std::string grant;
    try {
        create_fencing_schema(*session);
        place = place_of_counter(*session, target);
        grant = fencing_grant(*session);
    } catch (const LockError& error) {
        throw failure_of(error, false);
    }
    std::string text = "The counter for fencing tokens is there: " + place + ".\n";
    if (!grant.empty()) {
        text += "Another login that draws tokens needs:\n" + grant + ";\n";
    }
    const bool printed = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return printed ? 0 : static_cast<int>(exit_internal);
}

}  // namespace dlock::cli
