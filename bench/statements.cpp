// How many statements a wait sends, counted on the wire.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "support/gate.hpp"
#include "targets.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <cmath>
#include <future>
#include <vector>

namespace dlock_bench {
namespace {

using Seconds = std::chrono::duration<double>;

struct Case {
    Target target;
    Seconds wait;
    Seconds slice;
};

// The messages of one wait that ends without the lock.
long long count(const Case& one) {
    dlock_test::Gate gate(one.target.database);
    const auto key = dlock_test::unique_key("bench");
    const auto holder_session = one.target.database.open();
    const auto holder = dlock::create_lock(*holder_session, key);
    holder->lock();
    const auto session = gate.database().open();
    const auto lock = dlock::create_lock(
        *session, key, {.slice = std::chrono::duration_cast<dlock::Duration>(one.slice)});
    const long long before = gate.round_trips();
    (void)lock->try_lock_for(one.wait);
    return gate.round_trips() - before;
}

}  // namespace

Table measure_statements(const Settings& settings) {
    Table table{.title = "Statements sent by a wait that ends without the lock",
                .columns = {"database", "wait", "slice asked for", "statements", "bar", "met"}};
    std::vector<Case> cases;
    for (const Target& target : targets()) {
        if (target.way == "TCP") {
            cases.push_back({target, Seconds(settings.repetitions(3, 2)), Seconds(10)});
            cases.push_back({target, Seconds(settings.quick ? 3.5 : 8.5), Seconds(1)});
        }
    }
    std::vector<std::future<long long>> counts;
    for (const Case& one : cases) {
        counts.push_back(std::async(std::launch::async, [&one] { return count(one); }));
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const Case& one = cases[i];
        const auto bar = 1 + 2 * static_cast<long long>(std::ceil(one.wait / one.slice));
        const long long sent = counts[i].get();
        table.add({one.target.database.name, fmt::format("{} s", one.wait.count()),
                   fmt::format("{} s", one.slice.count()), fmt::format("{}", sent),
                   fmt::format("<= {}", bar),
                   table.verdict(sent <= bar, fmt::format("{}: {} statements",
                                                          one.target.database.name, sent))});
    }
    return table;
}

}  // namespace dlock_bench
