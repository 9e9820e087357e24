// How fast a free lock is taken and given back, beside the raw driver on the same connection.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "raw_lock.hpp"
#include "statistics.hpp"
#include "targets.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>

namespace dlock_bench {
namespace {

constexpr double bar_ratio = 0.9;
constexpr double bar_sqlite_microseconds = 3;
// Shorter than a time slice of the scheduler, so that the median round was not interrupted.
constexpr double chunk_microseconds = 1000;

using Pair = std::function<void()>;

// Microseconds per pair over `count` pairs.
double time_of(const Pair& pair, int count) {
    const auto start = Clock::now();
    for (int i = 0; i < count; ++i) {
        pair();
    }
    return microseconds_since(start) / count;
}

void measure(const Target& target, int rounds, Table& table) {
    const auto session = target.database.open();
    const auto lock = dlock::create_lock(*session, dlock_test::unique_key("bench"));
    const auto raw = make_raw_lock(target.database, *session, lock->actual_key());
    const std::array<Pair, 3> pairs{[&] {
                                        raw->take();
                                        raw->release();
                                    },
                                    [&] {
                                        if (!lock->acquire(dlock::no_wait)) {
                                            throw std::runtime_error("a key of our own is taken");
                                        }
                                        lock->release();
                                    },
                                    [&] {
                                        lock->lock();
                                        lock->release();
                                    }};

    double slowest = 0;
    for (const Pair& pair : pairs) {
        slowest = std::max(slowest, time_of(pair, 200));
    }
    const int count = static_cast<int>(std::clamp(chunk_microseconds / slowest, 10.0, 1e6));
    std::array<Samples, 3> times;
    std::array<Samples, 3> ratios;
    for (int round = 0; round < rounds; ++round) {
        std::array<double, 3> now{};
        for (std::size_t turn = 0; turn < pairs.size(); ++turn) {
            const std::size_t which = (static_cast<std::size_t>(round) + turn) % pairs.size();
            now[which] = time_of(pairs[which], count);
        }
        for (std::size_t which = 0; which < pairs.size(); ++which) {
            times[which].add(now[which]);
            ratios[which].add(now[0] / now[which]);
        }
    }

    const bool sqlite = target.database.is_sqlite();
    const double time = std::max(times[1].median(), times[2].median());
    const double ratio = std::min(ratios[1].median(), ratios[2].median());
    const bool met = sqlite ? time < bar_sqlite_microseconds : ratio >= bar_ratio;
    table.add(
        {target.name(), fmt::format("{:.0f}", 1e6 / times[0].median()),
         fmt::format("{:.0f}", 1e6 / times[1].median()), fmt::format("{:.2f}", times[0].median()),
         fmt::format("{:.2f}", times[1].median()), fmt::format("{:.2f}", times[2].median()),
         fmt::format("{:.3f}", ratios[1].median()), fmt::format("{:.3f}", ratios[2].median()),
         sqlite ? "< 3 us" : ">= 0.9",
         table.verdict(met, target.name() + (sqlite ? fmt::format(": {:.2f} us a pair", time)
                                                    : fmt::format(": ratio {:.3f}", ratio)))});
}

}  // namespace

Table measure_pairs(const Settings& settings) {
    Table table{.title = "Uncontended pairs of acquire and release",
                .columns = {"database", "raw pairs/s", "pairs/s", "raw us", "no_wait us",
                            "lock() us", "no_wait / raw", "lock() / raw", "bar", "met"}};
    for (const Target& target : targets()) {
        measure(target, settings.repetitions(1200, 300), table);
    }
    return table;
}

}  // namespace dlock_bench
