// How many round trips an acquire and a release take, counted on the wire.
// SPDX-License-Identifier: BSL-1.0
#include "measures.hpp"
#include "statistics.hpp"
#include "support/gate.hpp"
#include "targets.hpp"

#include <dlock/dlock.hpp>

#include <fmt/format.h>

#include <functional>

namespace dlock_bench {
namespace {

// "1", or "1 to 2" if it is not always the same.
std::string range(const Samples& samples) {
    return samples.min() == samples.max()
               ? fmt::format("{:.0f}", samples.min())
               : fmt::format("{:.0f} to {:.0f}", samples.min(), samples.max());
}

void measure(const Target& target, int rounds, Table& table) {
    dlock_test::Gate gate(target.database);
    const auto session = gate.database().open();
    Samples no_wait;
    Samples lock_call;
    Samples release;
    const auto count = [&gate](Samples& samples, const std::function<void()>& call) {
        const long long before = gate.round_trips();
        call();
        samples.add(static_cast<double>(gate.round_trips() - before));
    };
    for (int round = 0; round < rounds; ++round) {
        // A new lock now and then: its first acquire may not cost more.
        const auto lock = dlock::create_lock(*session, dlock_test::unique_key("bench"));
        for (int i = 0; i < 3; ++i) {
            count(no_wait, [&] { (void)lock->acquire(dlock::no_wait); });
            count(release, [&] { lock->release(); });
            count(lock_call, [&] { lock->lock(); });
            count(release, [&] { lock->release(); });
        }
    }
    const bool met = no_wait.max() == 1 && lock_call.max() == 1 && release.max() == 1;
    table.add({target.name(), range(no_wait), range(lock_call), range(release), "1 each",
               table.verdict(met, target.name() + ": more than one round trip")});
}

}  // namespace

Table measure_round_trips(const Settings& settings) {
    Table table{.title = "Round trips to take and give back a free lock",
                .columns = {"database", "acquire(no_wait)", "lock()", "release()", "bar", "met"}};
    for (const Target& target : targets()) {
        if (target.database.is_sqlite()) {
            table.add({target.name(), "0", "0", "0", "0", "yes"});  // there is no server
        } else if (target.way == "TCP") {
            measure(target, settings.repetitions(50, 20), table);
        }
    }
    return table;
}

}  // namespace dlock_bench
