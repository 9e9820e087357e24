// When a wait of 250 ms for a taken lock ends.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "statistics.hpp"
#include "targets.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace dlock_bench {
namespace {

constexpr std::chrono::milliseconds limit{250};
constexpr double bar_milliseconds = 270;

Samples waits(const Target& target, int rounds) {
    const auto key = dlock_test::unique_key("bench");
    const auto holder_session = target.database.open();
    const auto holder = dlock::create_lock(*holder_session, key);
    holder->lock();
    const auto session = target.database.open();
    const auto lock = dlock::create_lock(*session, key);
    Samples samples;
    for (int round = 0; round < rounds; ++round) {
        const auto start = Clock::now();
        if (lock->try_lock_for(limit)) {
            throw std::runtime_error("a held lock was granted");
        }
        samples.add(microseconds_since(start) / 1000);
    }
    return samples;
}

// The same without a lock: what the machine itself is late by.
Samples sleeps(int rounds) {
    Samples samples;
    for (int round = 0; round < rounds; ++round) {
        const auto start = Clock::now();
        std::this_thread::sleep_for(limit);
        samples.add(microseconds_since(start) / 1000);
    }
    return samples;
}

std::vector<std::string> row(const std::string& name, int rounds, const Samples& samples) {
    std::vector<std::string> cells{name, fmt::format("{}", rounds)};
    for (const double fraction : {0.0, 0.5, 0.95, 1.0}) {
        cells.push_back(fmt::format("{:.2f}", samples.quantile(fraction)));
    }
    return cells;
}

}  // namespace

Table measure_deadline(const Settings& settings) {
    Table table{.title = "End of a wait of 250 ms",
                .columns = {"database", "waits", "earliest ms", "p50 ms", "p95 ms", "latest ms",
                            "bar", "met"}};
    const int rounds = settings.repetitions(40, 10);
    std::vector<Target> all;
    for (const Target& target : targets()) {
        if (target.way != "unix socket") {
            all.push_back(target);
        }
    }
    // At the same time: a wait costs no processor time.
    std::vector<std::future<Samples>> results;
    for (const Target& target : all) {
        results.push_back(
            std::async(std::launch::async, [&target, rounds] { return waits(target, rounds); }));
    }
    auto control = std::async(std::launch::async, [rounds] { return sleeps(rounds); });
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Samples samples = results[i].get();
        const std::string& name = all[i].database.name;
        const bool met = samples.min() >= 250 && samples.max() <= bar_milliseconds;
        auto cells = row(name, rounds, samples);
        cells.emplace_back("250 to 270");
        cells.push_back(table.verdict(
            met, fmt::format("{}: {:.1f} to {:.1f} ms", name, samples.min(), samples.max())));
        table.add(std::move(cells));
    }
    auto cells = row("a plain sleep (control)", rounds, control.get());
    cells.insert(cells.end(), {"-", "-"});
    table.add(std::move(cells));
    return table;
}

}  // namespace dlock_bench
