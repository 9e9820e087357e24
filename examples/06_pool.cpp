// Locks on a soci::connection_pool: each lock leases a session for as long as it lives.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";

    //[pool
    constexpr std::size_t sessions = 4;
    soci::connection_pool pool(sessions);
    for (std::size_t i = 0; i < sessions; ++i) {
        pool.at(i).open(url);
    }

    std::atomic<int> inside{0};
    std::atomic<int> overlaps{0};
    const auto work = [&] {
        for (int round = 0; round < 10; ++round) {
            const dlock::ScopedLock guard(pool, "example 06", {.timeout = 60s});
            overlaps += inside++ != 0 ? 1 : 0;
            std::this_thread::sleep_for(1ms);
            --inside;
        }  // released, and the session goes back to the pool
    };
    //]

    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < sessions; ++i) {
            threads.emplace_back(work);
        }
    }
    std::cout << "40 rounds of 4 threads, overlaps: " << overlaps << '\n';
    return overlaps == 0 ? 0 : 1;
}
