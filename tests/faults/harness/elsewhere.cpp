// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/elsewhere.hpp"

namespace dlock_test {

const std::vector<Elsewhere>& elsewhere() {
    static const std::vector<Elsewhere> rows = {
        {"F24", "failover to a new primary while the old one and its holder live",
         "not tried: two primaries are two lock tables; the holder's loss is that of F25"},
        {"F33b", "a trickle of 100 bytes a second; packets that are put together",
         "not tried: F32 and F33 delay and cut them"},
        {"F34b", "a name that no DNS knows, an address where nobody answers",
         "not tried: SOCI's constructor fails before there is a lock"},
        {"F36", "durations: zero, negative, 1 ns, the longest, in the past",
         "`WaitTest`, `Saturate` (no server); `Acquire.zero_and_negative_timeouts_are_one_try`, "
         "`Acquire.timeouts_too_long_to_count_are_waits_without_limit`"},
        {"F42", "the session is destroyed before the lock",
         "not tried: a precondition of BaseLock forbids it; `Pool` shows the leased session, whose "
         "life the lock keeps"},
        {"F43", "one lock in two threads",
         "not tried: the class comment forbids it; the thread sanitizer runs all suites"},
        {"F45c", "a pooler that does not keep the promise for which the caller vouches",
         "not tried: nothing is promised, and the lock stays behind on a session that nobody "
         "knows"},
        {"F45d", "pgbouncer in transaction and statement mode by ODBC",
         "`BehindPgbouncerByOdbc`: the second client is refused; one that is alone is not found"},
        {"F46", "keys: any bytes, lengths, cases, limits",
         "`Keys`; `PostgresqlKey`, `MysqlKey`, `MssqlKey`, `OracleKey`, `SqliteKey` (no server); "
         "tests/fuzz"},
        {"F47", "keys that are hostile to SQL: more than 1,000 ways out of a literal",
         "`Injection`, `Keys.text_that_is_hostile_to_sql`, "
         "`Odbc.no_text_of_a_key_breaks_the_connection`"},
        {"F48", "collisions of keys",
         "`Keys.similar_keys_do_not_exclude_each_other`, four near ones; no search for collisions "
         "of the hash"},
        {"F51c", "deadlocks of transaction-level locks, and with what is no lock of the library's",
         "`Deadlock.of_transaction_locks_has_exactly_one_victim`; not with table locks"},
        {"F52", "a key taken twice in one session",
         "`Acquire.the_same_session_twice_is_refused_and_changes_nothing`"},
        {"F53", "cancellation of asynchronous operations at each step",
         "`AsioCancel`, `AsioStorm`; tests/explore on simulated servers"},
        {"F54", "an io_context that is stopped or destroyed, handlers that throw",
         "`AsioLifetime`, `AsioHandlers`"},
        {"F56", "no memory, at each allocation of each operation",
         "`NoMemory`; releases allocate nothing: `NoAllocation` (no server)"},
        {"F58", "the program: the lock is lost while its command runs", "`Lost`"},
        {"F59", "the program: signals", "`Signals`, `Terminal`"},
        {"F60", "the program is killed while its command runs", "`Kill`"},
        {"all", "the same faults by the asynchronous road",
         "`AsioLoss`: ended sessions, cancelled and silent waits; `AsioStorm`; the others not"},
    };
    return rows;
}

}  // namespace dlock_test
