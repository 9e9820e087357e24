// Work that stops when its lock is lost.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <stop_token>
#include <string>

using namespace std::chrono_literals;

namespace {

// Returns how many steps it made.
int long_work(const std::stop_token& lost) {
    int steps = 0;
    while (steps < 1000 && !lost.stop_requested()) {
        ++steps;
    }
    return steps;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);

    //[on_lost
    dlock::set_keepalive(sql, 30s);  // a machine that is gone is noticed, on both sides
    // Asked twice a minute: nothing but this lock uses the session while it is held.
    const auto lock = dlock::create_lock(sql, "example 17", {.verify_interval = 1min});
    lock->on_lost([](const dlock::LockError& error) {  // on a thread of the library
        std::cerr << "stop: " << error.what() << '\n';
    });
    lock->lock();
    const std::stop_token lost = lock->lost_token();
    //]
    const int steps = long_work(lost);
    const bool held = !lost.stop_requested();
    lock->release();
    std::cout << steps << " steps\n";
    return held && steps == 1000 ? 0 : 1;
}
