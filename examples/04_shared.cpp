// Shared locks: readers go together, a writer excludes them.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <mutex>
#include <shared_mutex>
#include <string>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session first(url);
    soci::session second(url);
    soci::session third(url);

    //[capabilities
    const dlock::Capabilities can = dlock::capabilities(first);
    if (!can.modes.contains(dlock::Mode::shared)) {
        std::cout << can.database << " has no shared locks\n";
        return 0;
    }
    //]

    //[shared
    const auto reader = dlock::create_lock(first, "example 04", {.shared = true});
    const auto other_reader = dlock::create_lock(second, "example 04");
    const std::unique_lock reads(*reader, 10s);             // shared by its option
    const std::shared_lock also_reads(*other_reader, 10s);  // shared by std::shared_lock
    const auto writer = dlock::create_lock(third, "example 04");
    const bool wrote = writer->try_lock();  // false: exclusive, and somebody reads
    //]

    std::cout << "readers: " << reads.owns_lock() + also_reads.owns_lock() << '\n'
              << "a writer beside them: " << (wrote ? "yes" : "no") << '\n';
    return reads.owns_lock() && also_reads.owns_lock() && !wrote ? 0 : 1;
}
