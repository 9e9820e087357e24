// What a program costs in which a thousand asynchronous waits do nothing but wait.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "process_usage.hpp"
#include "targets.hpp"
#include "waiters.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace dlock_bench {
namespace {

using namespace std::chrono_literals;

// PostgreSQL makes no shorter ones: twice its deadlock_timeout.
constexpr std::chrono::seconds slice{2};

struct Idle {
    ProcessUsage usage{};
    int failures = 0;
};

Idle idle(const dlock_test::Database& database, const Sessions& sessions, bool one_key,
          std::chrono::milliseconds time) {
    const auto prefix = dlock_test::unique_key("bench");
    Keys keys(sessions.size(), prefix);
    if (!one_key) {
        std::for_each(keys.begin(), keys.end(),
                      [i = 0](std::string& key) mutable { key += std::to_string(i++); });
    }
    const auto holder = database.open();
    std::vector<std::unique_ptr<dlock::BaseLock>> held;
    for (std::size_t i = 0; i < (one_key ? 1 : keys.size()); ++i) {
        held.push_back(dlock::create_lock(*holder, keys[i]));
        held.back()->lock();
    }
    AsyncWaiters waiters(sessions, keys, {.slice = slice});
    std::this_thread::sleep_for(1s);  // the first tries, and the waits' begin
    const ProcessUsage before = process_usage();
    std::this_thread::sleep_for(time);
    const ProcessUsage after = process_usage();
    holder->close();
    (void)waiters.wait_for_end();
    return {.usage = {.cpu_milliseconds = after.cpu_milliseconds - before.cpu_milliseconds,
                      .wake_ups = after.wake_ups - before.wake_ups},
            .failures = static_cast<int>(keys.size()) - waiters.served()};
}

}  // namespace

Table measure_async_idle(const Settings& settings) {
    Table table{
        .title = "Idle asynchronous waiters: what the program costs, slices of 2 s and longer",
        .columns = {"database, keys", "waiters", "seconds", "slices", "CPU ms", "wake-ups",
                    "wake-ups / waiter and slice", "failures", "bar", "met"}};
    // After the first second: in 14 s slices of 2, 4 and 8 s end, in 3 s the first one. Waiters in
    // the local queue look up every 2 s.
    const auto time = settings.quick ? 3s : 14s;
    const int slices = settings.quick ? 1 : 3;
    allow_descriptors();
    for (const Target& target : targets()) {
        if (target.way != "TCP") {
            continue;
        }
        Sessions sessions;
        for (int i = 0; i < settings.repetitions(1000, 100); ++i) {
            sessions.push_back(target.database.open());
        }
        for (const bool one_key : {false, true}) {
            const Idle seen = idle(target.database, sessions, one_key, time);
            const int ended = one_key ? static_cast<int>(time / slice) : slices;
            const double each = static_cast<double>(seen.usage.wake_ups) /
                                static_cast<double>(sessions.size()) / ended;
            const std::string name = target.database.name + (one_key ? ", one" : ", distinct");
            table.add(
                {name, fmt::format("{}", sessions.size()), fmt::format("{}", time / 1s),
                 fmt::format("{}", ended), fmt::format("{:.0f}", seen.usage.cpu_milliseconds),
                 fmt::format("{}", seen.usage.wake_ups), fmt::format("{:.3f}", each),
                 fmt::format("{}", seen.failures), "<= 1",
                 table.verdict(each <= 1 && seen.failures == 0,
                               fmt::format("{}: {:.2f}, {} failures", name, each, seen.failures))});
        }
    }
    return table;
}

}  // namespace dlock_bench
