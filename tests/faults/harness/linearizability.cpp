// SPDX-License-Identifier: BSL-1.0
//
// Lowe's just-in-time linearization: the events are gone through in the order of their times with
// the set of all states that the lock may be in by then. A call must have taken effect when it
// returns; which others had taken effect before it is tried in all ways.
#include "faults/harness/linearizability.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <vector>

namespace dlock_test {
namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

// A record, between which times it had its effect, and whether it had one for sure.
struct Step {
    const Record* record;
    std::int64_t from;
    std::int64_t to;
    bool sure;
};

struct Event {
    std::int64_t time;
    bool ends;
    const Step* step;
};

// A state of the lock, and the steps under way that have had their effect already.
struct State {
    std::set<int> owners;
    bool shared = false;
    std::set<const Step*> done;

    bool operator<(const State& other) const {
        return std::tie(owners, shared, done) < std::tie(other.owners, other.shared, other.done);
    }
};

using States = std::set<State>;

// Lets an acquire take effect; false if the lock does not allow it.
bool grant(State& state, const Record& record) {
    const bool shared = record.operation == Operation::acquire_shared;
    if (!state.owners.empty() && !(shared && state.shared)) {
        return false;
    }
    state.shared = shared;
    return state.owners.insert(record.owner).second;
}

// Lets the record take effect; false if it cannot in this state.
bool apply(State& state, const Record& record) {
    const bool no = record.outcome == Outcome::no;
    switch (record.operation) {
        case Operation::acquire:
        case Operation::acquire_shared:
            if (no) {
                State tried = state;
                return !grant(tried, record);
            }
            return grant(state, record);
        case Operation::verify:
            return state.owners.contains(record.owner) != no;
        case Operation::release:
            return no ? !state.owners.contains(record.owner)
                      : state.owners.erase(record.owner) == 1;
        case Operation::drop:
            return state.owners.erase(record.owner) == 1;
        case Operation::gone:
            return !state.owners.contains(record.owner);
    }
    return false;
}

// All states that are reached when steps under way take effect.
States closure(States states, const std::set<const Step*>& under_way) {
    std::vector<State> fresh(states.begin(), states.end());
    while (!fresh.empty()) {
        const State state = fresh.back();
        fresh.pop_back();
        for (const Step* const step : under_way) {
            State next = state;
            if (!state.done.contains(step) && apply(next, *step->record)) {
                next.done.insert(step);
                if (states.insert(next).second) {
                    fresh.push_back(next);
                }
            }
        }
    }
    return states;
}

bool is_acquire(const Record& record) {
    return record.operation == Operation::acquire || record.operation == Operation::acquire_shared;
}

// When the first look is that an acquire's refusal can come from.
std::int64_t from_of(const Record& record) {
    if (!is_acquire(record) || record.outcome != Outcome::no) {
        return record.invoked;
    }
    const auto look = record.limit - std::chrono::nanoseconds(last_look).count();
    return std::clamp(record.invoked + look, record.invoked, record.returned);
}

// What the records of one owner, in their order, mean for the lock.
class Steps {
  public:
    explicit Steps(std::vector<Step>& steps) : steps_(steps) {}

    void add(const Record& record, std::int64_t next) {
        const bool open = record.outcome == Outcome::open;
        if (record.operation == Operation::drop) {
            drops_.push_back(steps_.size());
            steps_.push_back({&record, record.invoked, never, false});
            return;
        }
        // What failed had no effect, and an open verify has none.
        if (record.outcome == Outcome::failed || (open && record.operation == Operation::verify)) {
            return;
        }
        const std::int64_t to = record.returned != 0 ? record.returned : next;
        if (is_acquire(record) && record.outcome != Outcome::no) {
            if (held_) {  // a new hold
                end_hold(record.invoked - 1);
            }
            held_ = true;
        } else if (!is_acquire(record) && !open &&
                   (record.operation == Operation::release || record.outcome == Outcome::no)) {
            end_hold(to);
        }
        steps_.push_back({&record, from_of(record), to, !open});
    }

  private:
    // What was dropped is gone by then.
    void end_hold(std::int64_t time) {
        for (const std::size_t drop : drops_) {
            steps_[drop].to = std::max(time, steps_[drop].from);
        }
        drops_.clear();
        held_ = false;
    }

    std::vector<Step>& steps_;
    std::vector<std::size_t> drops_;  // of the hold, or of the next
    bool held_ = false;
};

std::vector<Step> steps_of(std::span<const Record> history) {
    std::map<int, std::vector<const Record*>> by_owner;
    for (const Record& record : history) {
        if (record.owner != 0) {
            by_owner[record.owner].push_back(&record);
        }
    }
    std::vector<Step> steps;
    for (auto& [owner, records] : by_owner) {
        std::sort(records.begin(), records.end(),
                  [](const Record* a, const Record* b) { return a->invoked < b->invoked; });
        Steps of_owner(steps);
        for (std::size_t i = 0; i < records.size(); ++i) {
            of_owner.add(*records[i], i + 1 < records.size() ? records[i + 1]->invoked - 1 : never);
        }
    }
    return steps;
}

std::vector<Event> events_of(const std::vector<Step>& steps) {
    std::vector<Event> events;
    for (const Step& step : steps) {
        events.push_back({step.from, false, &step});
        events.push_back({step.to, true, &step});
    }
    // Calls that touch at one moment overlap.
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
        return std::tie(a.time, a.ends) < std::tie(b.time, b.ends);
    });
    return events;
}

std::string describe(const Record& record) {
    static const char* const operations[] = {"acquire", "acquire_shared", "release",
                                             "verify",  "drop",           "gone"};
    static const char* const outcomes[] = {"open", "yes", "no", "failed"};
    return "owner " + std::to_string(record.owner) + ": " +
           operations[static_cast<int>(record.operation)] + " = " +
           outcomes[static_cast<int>(record.outcome.load())] + " [" +
           std::to_string(record.invoked / 1000 % 100000000) + " to " +
           std::to_string(record.returned / 1000 % 100000000) + " us]";
}

}  // namespace

std::string explain(std::span<const Record> history) {
    const std::vector<Step> steps = steps_of(history);
    States states{State{}};
    std::set<const Step*> under_way;
    for (const Event& event : events_of(steps)) {
        if (!event.ends) {
            under_way.insert(event.step);
            continue;
        }
        States next;
        for (State state : closure(states, under_way)) {
            if (state.done.erase(event.step) == 1 || !event.step->sure) {
                next.insert(std::move(state));
            }
        }
        under_way.erase(event.step);
        if (next.empty()) {
            return "not linearizable: no order explains " + describe(*event.step->record);
        }
        states = std::move(next);
    }
    return "";
}

}  // namespace dlock_test
