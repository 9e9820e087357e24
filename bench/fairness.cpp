// What eight processes get of one key.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "statistics.hpp"
#include "targets.hpp"
#include "workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace dlock_bench {
namespace {

using namespace std::chrono_literals;

constexpr int processes = 8;
constexpr double bar_share = 0.5;

void measure(const dlock_test::Database& database, std::chrono::milliseconds hold,
             std::chrono::milliseconds time, Table& table) {
    Workers workers(database, dlock_test::unique_key("bench"));
    for (int i = 0; i < processes; ++i) {
        workers.add("loop", hold);
    }
    workers.wait_until_ready();
    const auto start = Clock::now();
    workers.ledger().start();
    std::this_thread::sleep_for(time);
    workers.ledger().stop();
    const double seconds = microseconds_since(start) / 1e6;
    workers.wait_for_end();

    std::vector<double> shares;
    double total = 0;
    for (int i = 0; i < processes; ++i) {
        shares.push_back(static_cast<double>(workers.ledger().grants(i)));
        total += shares.back();
    }
    const double least = *std::min_element(shares.begin(), shares.end()) * processes / total;
    const long long overlaps = workers.ledger().overlaps();
    const std::string name = fmt::format("{}, {} ms", database.name, hold.count());
    table.add(
        {database.name, fmt::format("{} ms", hold.count()), fmt::format("{:.0f}", total / seconds),
         fmt::format("{:.2f}", least), fmt::format("{:.4f}", jain_index(shares)),
         fmt::format("{}", overlaps), ">= 0.5, 0",
         table.verdict(least >= bar_share && overlaps == 0,
                       fmt::format("{}: least share {:.2f}, {} overlaps", name, least, overlaps))});
}

}  // namespace

Table measure_fairness(const Settings& settings) {
    Table table{.title = "Eight processes, one key",
                .columns = {"database", "critical section", "grants/s", "least / fair share",
                            "Jain index", "overlaps", "bar", "met"}};
    for (const Target& target : targets()) {
        if (target.way != "unix socket") {
            for (const auto hold : {0ms, 1ms}) {
                measure(target.database, hold, settings.quick ? 800ms : 4000ms, table);
            }
        }
    }
    return table;
}

}  // namespace dlock_bench
