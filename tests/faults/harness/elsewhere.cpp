// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/elsewhere.hpp"

namespace dlock_test {

const std::vector<Elsewhere>& elsewhere() {
    static const std::vector<Elsewhere> rows = {
        {"F24", "failover to a new primary while the old one and its holder live",
         "not tried: two primaries are two lock tables; the holder's loss is that of F25"},
        {"F36", "durations: zero, negative, 1 ns, the longest, in the past",
         "`WaitTest`, `Saturate` (no server); `Acquire.zero_and_negative_timeouts_are_one_try`, "
         "`Acquire.timeouts_too_long_to_count_are_waits_without_limit`"},
        {"F38", "a leased session that goes back to its pool while the lock is held",
         "`Pool.the_next_user_inherits_no_lock`, `Pool.a_lease_with_a_dead_connection_is_"
         "reconnected`"},
        {"F42", "the session is destroyed before the lock",
         "not tried: a precondition of BaseLock forbids it; `Pool` shows the leased session, whose "
         "life the lock keeps"},
        {"F43", "one lock in two threads",
         "not tried: the class comment forbids it; the thread sanitizer runs all suites"},
        {"F44", "acquire in a transaction, then commit, roll back, fail", "`Transaction`"},
        {"F46", "keys: any bytes, lengths, cases, limits", "`Keys`; `DialectKey` (no server)"},
        {"F47", "keys that are hostile to SQL",
         "`Keys.text_that_is_hostile_to_sql`, `Odbc.no_text_of_a_key_breaks_the_connection`"},
        {"F48", "collisions of keys", "`Keys.similar_keys_do_not_exclude_each_other`"},
        {"F51", "deadlocks: exactly one victim", "`Deadlock`"},
        {"F52", "a key taken twice in one session",
         "`Acquire.the_same_session_twice_is_refused_"
         "and_changes_nothing`"},
        {"F53", "cancellation of asynchronous operations at each step",
         "`AsioCancel`, `AsioStorm`; tests/explore on simulated servers"},
        {"F54", "an io_context that is stopped or destroyed, handlers that throw",
         "`AsioLifetime`, `AsioHandlers`"},
        {"F56", "no memory",
         "releases allocate nothing: `NoAllocation` (no server); allocations "
         "of an acquire are not made to fail one by one"},
        {"F58", "the program: the lock is lost while its command runs", "`Lost`"},
        {"F59", "the program: signals", "`Signals`, `Terminal`"},
        {"F60", "the program is killed while its command runs", "`Kill`"},
    };
    return rows;
}

}  // namespace dlock_test
