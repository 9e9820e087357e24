// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/elsewhere.hpp"

namespace dlock_test {

const std::vector<Elsewhere>& elsewhere() {
    static const std::vector<Elsewhere> rows = {
        {"F19b", "PostgreSQL 17's transaction_timeout fires in a wait",
         "not tried: the servers here are older; it ends the session, as F12 does"},
        {"F24", "failover to a new primary while the old one and its holder live",
         "not tried: two primaries are two lock tables; the holder's loss is that of F25"},
        {"F33b", "a trickle of 100 bytes a second; packets that are put together",
         "not tried: F32 and F33 delay and cut them"},
        {"F34b", "a name that no DNS knows, an address where nobody answers",
         "not tried: SOCI's constructor fails before there is a lock"},
        {"F36", "durations: zero, negative, 1 ns, the longest, in the past",
         "`WaitTest`, `Saturate` (no server); `Acquire.zero_and_negative_timeouts_are_one_try`, "
         "`Acquire.timeouts_too_long_to_count_are_waits_without_limit`"},
        {"F38", "a leased session that goes back to its pool while the lock is held",
         "`Pool.the_next_user_inherits_no_lock`, "
         "`Pool.a_lease_with_a_dead_connection_is_reconnected`"},
        {"F42", "the session is destroyed before the lock",
         "not tried: a precondition of BaseLock forbids it; `Pool` shows the leased session, whose "
         "life the lock keeps"},
        {"F43", "one lock in two threads",
         "not tried: the class comment forbids it; the thread sanitizer runs all suites"},
        {"F44", "acquire in a transaction, then commit, roll back, fail", "`Transaction`"},
        {"F45c",
         "a pooler that does not keep its promise: pgbouncer in transaction mode for which "
         "the caller vouches, or by ODBC, where no pooler is found",
         "not tried: nothing is promised, and the lock stays behind on a session that nobody "
         "knows"},
        {"F46", "keys: any bytes, lengths, cases, limits",
         "`Keys`; `PostgresqlKey`, `MysqlKey`, `MssqlKey`, `OracleKey`, `SqliteKey` (no server); "
         "tests/fuzz"},
        {"F47", "keys that are hostile to SQL: more than 1,000 ways out of a literal",
         "`Injection`, `Keys.text_that_is_hostile_to_sql`, "
         "`Odbc.no_text_of_a_key_breaks_the_connection`"},
        {"F48", "collisions of keys",
         "`Keys.similar_keys_do_not_exclude_each_other`, four near ones; no search for collisions "
         "of the hash"},
        {"F51", "deadlocks: exactly one victim",
         "`Deadlock`: two session locks, two transaction locks; no ring of three, no table lock"},
        {"F52", "a key taken twice in one session",
         "`Acquire.the_same_session_twice_is_refused_and_changes_nothing`"},
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
        {"all", "the same faults by the asynchronous road",
         "`AsioLoss`: ended sessions, cancelled and silent waits; `AsioStorm`; the others not"},
    };
    return rows;
}

}  // namespace dlock_test
