// SPDX-License-Identifier: BSL-1.0
#include "init.hpp"

#include "connect.hpp"
#include "exit_codes.hpp"
#include "lock_failure.hpp"
#include "signal_watcher.hpp"
#include "url_source.hpp"

#include <dlock/fencing.hpp>

#include <cstdio>

namespace dlock::cli {

int init(const InitOptions& options, const Signals& signals) {
    const SignalWatcher watcher(signals);
    const Target target = find_target(options.url, options.url_file);
    load_backend(target);
    const auto session = open_session(target);
    std::string grant;
    try {
        create_fencing_schema(*session);
        grant = fencing_grant(*session);
    } catch (const LockError& error) {
        throw failure_of(error, false);
    }
    std::string text = "The counter for fencing tokens is there.\n";
    if (!grant.empty()) {
        text += "Another login that draws tokens needs:\n" + grant + ";\n";
    }
    const bool printed = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return printed ? 0 : static_cast<int>(exit_internal);
}

}  // namespace dlock::cli
