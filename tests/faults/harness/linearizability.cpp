// SPDX-License-Identifier: BSL-1.0
//
// Lowe's just-in-time linearization: the events are gone through in the order of their times with
// the set of all states that the lock may be in by then. A call must have taken effect when it
// returns; which others had taken effect before it is tried in all ways.
#include "faults/harness/linearizability.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

namespace dlock_test {
namespace {

struct Event {
    std::int64_t time;
    bool returned;
    const Record* record;
};

// A state of the lock, and the calls under way that have taken effect already.
struct State {
    std::set<int> owners;
    bool shared = false;
    std::set<const Record*> done;

    bool operator<(const State& other) const {
        return std::tie(owners, shared, done) < std::tie(other.owners, other.shared, other.done);
    }
};

using States = std::set<State>;

bool returned(const Record& record) {
    return record.operation != Operation::drop && record.outcome != Outcome::open;
}

// Lets an acquire take effect; false if the lock does not allow it.
bool grant(State& state, const Record& record) {
    const bool shared = record.operation == Operation::acquire_shared;
    if (!state.owners.empty() && !(shared && state.shared)) {
        return false;
    }
    state.shared = shared;
    return state.owners.insert(record.owner).second;
}

// Lets the call take effect; false if it cannot in this state.
bool apply(State& state, const Record& record) {
    const bool holds = state.owners.contains(record.owner);
    switch (record.operation) {
        case Operation::acquire:
        case Operation::acquire_shared:
            if (record.outcome == Outcome::no) {
                State tried = state;
                return !grant(tried, record);
            }
            return grant(state, record);
        case Operation::verify:
            return holds;
        case Operation::release:
        case Operation::drop:
            return state.owners.erase(record.owner) == 1;
    }
    return false;
}

// True if the call says nothing about the lock when it returns: it may have had no effect.
bool tells_nothing(const Record& record) {
    switch (record.operation) {
        case Operation::acquire:
        case Operation::acquire_shared:
            return record.outcome == Outcome::failed;
        default:
            return record.outcome != Outcome::yes;
    }
}

// All states that are reached when calls under way take effect.
States closure(States states, const std::set<const Record*>& under_way) {
    std::vector<State> fresh(states.begin(), states.end());
    while (!fresh.empty()) {
        const State state = fresh.back();
        fresh.pop_back();
        for (const Record* const record : under_way) {
            State next = state;
            if (!state.done.contains(record) && apply(next, *record)) {
                next.done.insert(record);
                if (states.insert(next).second) {
                    fresh.push_back(next);
                }
            }
        }
    }
    return states;
}

std::vector<Event> events_of(std::span<const Record> history) {
    std::vector<Event> events;
    for (const Record& record : history) {
        // A call that had no effect and says nothing needs no explanation.
        if (returned(record) && tells_nothing(record)) {
            continue;
        }
        events.push_back({record.invoked, false, &record});
        if (returned(record)) {
            events.push_back({record.returned, true, &record});
        }
    }
    // Calls that touch at one moment overlap.
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
        return std::tie(a.time, a.returned) < std::tie(b.time, b.returned);
    });
    return events;
}

std::string describe(const Record& record) {
    static const char* const operations[] = {"acquire", "acquire_shared", "release", "verify",
                                             "drop"};
    static const char* const outcomes[] = {"open", "yes", "no", "failed"};
    return "owner " + std::to_string(record.owner) + ": " +
           operations[static_cast<int>(record.operation)] + " = " +
           outcomes[static_cast<int>(record.outcome.load())] + " [" +
           std::to_string(record.invoked / 1000 % 100000000) + " to " +
           std::to_string(record.returned / 1000 % 100000000) + " us]";
}

}  // namespace

std::string explain(std::span<const Record> history) {
    States states{State{}};
    std::set<const Record*> under_way;
    for (const Event& event : events_of(history)) {
        if (!event.returned) {
            under_way.insert(event.record);
            continue;
        }
        States next;
        for (State state : closure(states, under_way)) {
            if (state.done.erase(event.record) == 1) {
                next.insert(std::move(state));
            }
        }
        under_way.erase(event.record);
        if (next.empty()) {
            return "not linearizable: no order explains " + describe(*event.record);
        }
        states = std::move(next);
    }
    return "";
}

}  // namespace dlock_test
