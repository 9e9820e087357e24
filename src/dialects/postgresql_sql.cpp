// SPDX-License-Identifier: BSL-1.0
#include "dialects/postgresql_sql.hpp"

#include "engine/keepalive_times.hpp"

#include <variant>

namespace dlock::detail {
namespace {

// The setting of the session in milliseconds. Its text has a unit ("7s", "1d"), which interval
// reads.
std::string current_milliseconds(const char* setting) {
    return std::string("CAST(1000 * extract(epoch FROM CAST(pg_catalog.current_setting('") +
           setting + "') AS interval)) AS bigint)";
}

// A bigint key stands in pg_locks as its two halves, read as unsigned numbers.
std::string halves(std::uint64_t number) {
    return "classid = " + std::to_string(number >> 32U) +
           " AND objid = " + std::to_string(number & 0xFFFFFFFFU) + " AND objsubid = 1";
}

std::string halves(const Int32Pair& pair) {
    return "classid = " + std::to_string(static_cast<std::uint32_t>(pair.first)) +
           " AND objid = " + std::to_string(static_cast<std::uint32_t>(pair.second)) +
           " AND objsubid = 2";
}

// The time of the transaction's first statement and that of this one: the same unless a transaction
// was opened by an earlier statement.
constexpr const char* in_transaction_block = "pg_catalog.now() <> pg_catalog.statement_timestamp()";
// Whose session it is, where another client's may be behind the same pooler; '' if nobody's.
constexpr const char* mark_setting =
    "coalesce(pg_catalog.current_setting('dlock.session', true), '')";
constexpr const char* reads_a_snapshot =
    "pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable')";

// The condition, and where the client does not tell whether a transaction is open, that one is.
std::string in_transaction_and(const char* condition, const Situation& situation) {
    return situation.transaction == TransactionState::unknown
               ? std::string("(") + condition + " AND " + in_transaction_block + ")"
               : condition;
}

constexpr int has_missing_ok = 90600;  // current_setting(name, true)
constexpr int has_connection_check = 140000;
constexpr int has_transaction_timeout = 170000;
constexpr std::int64_t connection_check_milliseconds = 2000;

}  // namespace

PostgresqlSql::PostgresqlSql(const PostgresqlSettings& settings, const ActualKey& key)
    : settings_(settings) {
    if (settings_.check_identity && settings_.server_version >= has_missing_ok) {
        mark_ = settings_.mark;
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        arguments_ = std::to_string(pair->first) + ", " + std::to_string(pair->second);
        lock_row_ = halves(*pair);
    } else {
        const std::int64_t number = std::get<std::int64_t>(key.value());
        arguments_ = std::to_string(number);
        lock_row_ = halves(static_cast<std::uint64_t>(number));
    }
}

std::string PostgresqlSql::call(const char* function, bool xact, Mode mode) const {
    // The schema is named so that a function of the same name in the search path is never called.
    std::string sql = std::string("pg_catalog.") + function;
    sql += xact ? "_xact_lock" : "_lock";
    sql += mode == Mode::shared ? "_shared(" : "(";
    return sql + arguments_ + ")";
}

std::string PostgresqlSql::set_local(const char* setting, std::int64_t milliseconds) {
    return std::string("SET LOCAL ") + setting + " = " + std::to_string(milliseconds) + "; ";
}

// The session may have lost its mark, with RESET ALL or the transaction in which it was set.
std::string PostgresqlSql::is_not_anothers() const {
    return std::string(mark_setting) + " IN ('', '" + std::to_string(mark_) + "')";
}

std::string PostgresqlSql::is_marked() const {
    const std::string mark = "'" + std::to_string(mark_) + "'";
    return std::string("CASE ") + mark_setting + " WHEN " + mark +
           " THEN true WHEN '' THEN pg_catalog.set_config('dlock.session', " + mark +
           ", false) = " + mark + " ELSE false END";
}

std::string PostgresqlSql::is_same_session(const Situation& situation) const {
    if (situation.identity != 0) {
        return "pg_catalog.pg_backend_pid() = " + std::to_string(situation.identity);
    }
    return mark_ != 0 ? is_not_anothers() : "true";
}

std::string PostgresqlSql::guards(const Situation& situation, bool full) const {
    std::string sql;
    const auto add = [&sql](const std::string& condition) {
        sql += sql.empty() ? " WHERE " : " AND ";
        sql += condition;
    };
    if (settings_.check_identity && situation.identity != 0) {
        add(is_same_session(situation));
    } else if (mark_ != 0) {
        add(is_marked());
    }
    if (full) {
        if (!situation.is_primary) {
            add("NOT pg_catalog.pg_is_in_recovery()");
        }
        if (situation.transaction != TransactionState::idle && !settings_.allow_stale_snapshot) {
            add("NOT (" + in_transaction_and(reads_a_snapshot, situation) + ")");
        }
    }
    return sql;
}

std::string PostgresqlSql::try_acquire(const Situation& situation) const {
    std::string sql = "SELECT " + call("pg_try_advisory", settings_.xact, situation.mode);
    if (situation.transaction == TransactionState::unknown) {
        sql += std::string(", ") + in_transaction_block;
    }
    if (settings_.xact) {
        sql += ", " + current_milliseconds("lock_timeout");
        sql += ", " + current_milliseconds("statement_timeout");
        if (settings_.server_version >= has_connection_check) {
            sql += ", " + current_milliseconds("client_connection_check_interval");
        }
    }
    return sql + guards(situation, true);
}

std::string PostgresqlSql::wait(const Situation& situation, std::int64_t milliseconds,
                                const PostgresqlTimeouts& restore, bool connection_check) const {
    const bool in_transaction = situation.transaction != TransactionState::idle;
    const bool check = connection_check && settings_.server_version >= has_connection_check;
    const std::string guard = guards(situation, false);

    // Several statements in one string are one transaction where none is open, and SET LOCAL ends
    // with it. statement_timeout must be lifted by a statement of its own: its timer is armed when
    // a statement begins.
    std::string sql = in_transaction ? "SAVEPOINT dlock_wait; " : "";
    sql += set_local("lock_timeout", milliseconds);
    sql += set_local("statement_timeout", 0);
    if (check) {
        // Without it a waiter whose client died stays in the queue, and is granted the lock.
        sql += set_local("client_connection_check_interval", connection_check_milliseconds);
    }
    if (!in_transaction && settings_.server_version >= has_transaction_timeout) {
        sql += set_local("transaction_timeout", 0);
    }
    sql += "SELECT " + call("pg_advisory", true, situation.mode) + guard;
    if (!settings_.xact) {
        sql += "; SELECT " + call("pg_advisory", false, situation.mode) + guard;
        if (in_transaction) {
            // The session-level lock survives this, the settings and the other lock do not.
            sql += "; ROLLBACK TO SAVEPOINT dlock_wait; RELEASE SAVEPOINT dlock_wait";
        }
    } else {
        // Rolling back would free the lock, so the settings are put back by hand.
        sql += "; " + set_local("lock_timeout", restore.lock);
        sql += set_local("statement_timeout", restore.statement);
        if (check) {
            sql += set_local("client_connection_check_interval", restore.connection_check);
        }
        sql += "RELEASE SAVEPOINT dlock_wait";
    }
    return sql;
}

const char* PostgresqlSql::roll_back_wait() {
    return "ROLLBACK TO SAVEPOINT dlock_wait; RELEASE SAVEPOINT dlock_wait";
}

std::string PostgresqlSql::unlock(Mode mode) const {
    std::string call = "pg_catalog.pg_advisory_unlock";
    call += mode == Mode::shared ? "_shared(" : "(";
    call += arguments_ + ")";
    return mark_ == 0
               ? "SELECT " + call
               : "SELECT CASE WHEN " + is_not_anothers() + " THEN " + call + " ELSE false END";
}

std::string PostgresqlSql::unlock_in_failed_transaction(Mode mode) const {
    return "ROLLBACK; " + unlock(mode) + "; " + fail_transaction();
}

std::string PostgresqlSql::unlock_and_begin(Mode mode) const {
    return "ROLLBACK; " + unlock(mode) + "; BEGIN";
}

const char* PostgresqlSql::fail_open_transaction() {
    return "ROLLBACK TO SAVEPOINT dlock_none";
}

const char* PostgresqlSql::fail_transaction() {
    return "BEGIN; ROLLBACK TO SAVEPOINT dlock_none";
}

std::string PostgresqlSql::verify(Mode mode) const {
    std::string sql =
        "SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) "
        "AND ";
    sql += lock_row_;
    sql += mode == Mode::shared ? " AND mode = 'ShareLock'" : " AND mode = 'ExclusiveLock'";
    sql += " AND pid = pg_catalog.pg_backend_pid() AND granted";
    return mark_ == 0 ? sql : sql + " AND " + is_not_anothers();
}

std::string PostgresqlSql::fence(const Situation& situation, std::int64_t milliseconds) const {
    const bool knows_session = settings_.check_identity && situation.identity != 0;
    const std::string guard =
        knows_session ? is_same_session(situation) : "(" + verify(situation.mode) + ") > 0";
    return "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE; " +
           set_local("lock_timeout", milliseconds) +
           "SELECT pg_catalog.set_config('synchronous_commit', CASE WHEN "
           "pg_catalog.current_setting('synchronous_commit') = 'off' THEN 'local' ELSE "
           "pg_catalog.current_setting('synchronous_commit') END, true); "
           "UPDATE dlock.fencing SET token = token + 1 WHERE id = 1 AND " +
           guard + " RETURNING token";
}

std::string PostgresqlSql::diagnose(const Situation& situation) const {
    return "SELECT " + is_same_session(situation) + ", pg_catalog.pg_is_in_recovery(), " +
           in_transaction_and(reads_a_snapshot, situation);
}

std::string PostgresqlSql::keepalive(std::chrono::seconds silence) {
    const KeepaliveTimes times(silence);
    const auto row = [](const char* name, std::int64_t value, const char* unit) {
        return std::string("('") + name + "', '" + std::to_string(value) + unit + "')";
    };
    // Servers on other systems than Linux may refuse the connection check.
    return "SELECT pg_catalog.count(pg_catalog.set_config(name, value, false)) FROM (VALUES " +
           row("tcp_keepalives_idle", times.idle, "s") + ", " +
           row("tcp_keepalives_interval", times.interval, "s") + ", " +
           row("tcp_keepalives_count", times.count, "") + ", " +
           row("tcp_user_timeout", silence.count(), "s") + ", " +
           row("client_connection_check_interval", times.idle, "s") +
           ") AS wanted (name, value) WHERE pg_catalog.current_setting(name, true) IS NOT NULL AND "
           "(name <> "
           "'client_connection_check_interval' OR pg_catalog.version() LIKE '%linux%')";
}

const char* PostgresqlSql::deadlock_timeout() {
    static const std::string sql = "SELECT " + current_milliseconds("deadlock_timeout");
    return sql.c_str();
}

}  // namespace dlock::detail
