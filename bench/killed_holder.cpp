// How long after the holder was killed with SIGKILL a waiter has the lock.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "statistics.hpp"
#include "targets.hpp"
#include "workers.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace dlock_bench {
namespace {

using namespace std::chrono_literals;

constexpr double bar_milliseconds = 100;

double once(const dlock_test::Database& database, WaiterProbe& probe) {
    const auto key = dlock_test::unique_key("bench");
    Workers workers(database, key);
    workers.add("hold", 0us);
    workers.wait_until_ready();
    const auto session = database.open();
    const auto lock = dlock::create_lock(*session, key);
    std::atomic<int> tid{0};
    auto returned = std::async(std::launch::async, [&] {
        tid = static_cast<int>(syscall(SYS_gettid));
        const bool granted = lock->try_lock_for(20s);
        const auto now = Clock::now();
        if (!granted) {
            throw std::runtime_error("the killed holder's lock was not granted");
        }
        return now;
    });
    while (tid == 0) {
        std::this_thread::yield();
    }
    probe.wait_for(lock->actual_key(), 1, tid);
    const auto start = Clock::now();
    workers.kill_first();
    return std::chrono::duration<double, std::milli>(returned.get() - start).count();
}

}  // namespace

Table measure_killed_holder(const Settings& settings) {
    Table table{.title = "From kill -9 of the holder to the waiter's return",
                .columns = {"database", "kills", "p50 ms", "worst ms", "bar", "met"}};
    const int rounds = settings.repetitions(20, 5);
    for (const Target& target : targets()) {
        if (target.way == "unix socket") {
            continue;
        }
        WaiterProbe probe(target.database);
        Samples samples;
        for (int round = 0; round < rounds; ++round) {
            samples.add(once(target.database, probe));
        }
        table.add(
            {target.database.name, fmt::format("{}", rounds),
             fmt::format("{:.2f}", samples.median()), fmt::format("{:.2f}", samples.max()),
             "< 100 ms",
             table.verdict(samples.max() < bar_milliseconds,
                           fmt::format("{}: {:.0f} ms", target.database.name, samples.max()))});
    }
    return table;
}

}  // namespace dlock_bench
