// A test of a program's own locking, without a server: a simulated one, in time that costs nothing.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>
#include <dlock/testing/simulator.hpp>
#include <dlock/testing/virtual_world.hpp>

#include <soci/soci.h>

#include <iostream>

using namespace std::chrono_literals;

namespace {

// What is tested: waits at most a minute for its turn.
bool nightly_report(soci::session& sql) {
    const auto lock = dlock::create_lock(sql, "nightly report");
    return lock->try_lock_for(1min);
}

}  // namespace

int main() {
    bool first = false;
    bool second = true;
    //[simulator
    dlock::testing::VirtualWorld world(42);  // the same seed gives the same run
    dlock::testing::SimulatedServer server(dlock::Product::oracle, {.world = &world});
    world.spawn([&] {
        soci::session sql(server.factory(), "");
        const auto lock = dlock::create_lock(sql, "nightly report");
        first = lock->try_lock();
        world.sleep_for(10min);  // no real time passes
    });
    world.spawn([&] {
        soci::session sql(server.factory(), "");
        world.sleep_for(1s);
        second = nightly_report(sql);
    });
    const bool all_ended = world.run();
    //]
    std::cout << "the second report " << (second ? "ran" : "gave up after a minute") << '\n';

    //[fault
    // The connection dies after the server has executed the release: what does the program see?
    bool cut = false;
    dlock::testing::SimulatedServer faulty(
        dlock::Product::postgresql, {.fault = [&](std::int64_t, std::string_view) {
            return cut ? dlock::testing::Fault::lost_reply : dlock::testing::Fault::none;
        }});
    soci::session sql(faulty.factory(), "");
    const auto lock = dlock::create_lock(sql, "key");
    lock->lock();
    cut = true;
    std::error_code error;
    lock->release(error);
    //]
    std::cout << "a release that was cut off: " << error.message() << '\n';
    return all_ended && first && !second && error == dlock::errc::session_lost ? 0 : 1;
}
