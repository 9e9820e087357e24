// The statements of PostgreSQL advisory locks.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/postgresql.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace dlock::detail {

/// A late cancel, meant for an earlier statement, can hit a following one: that is asked again, so
/// often at most.
constexpr int postgresql_max_repeats = 5;

/// What a wait inside a transaction changes for its time, in milliseconds, and restores.
struct PostgresqlTimeouts {
    std::int64_t lock = 0;
    std::int64_t statement = 0;
    std::int64_t connection_check = 0;
};

/// Builds the SQL text for one key. Only integers stand in it, made by std::to_string.
class PostgresqlSql {
  public:
    PostgresqlSql(const PostgresqlSettings& settings, const ActualKey& key);

    /// Takes the lock if it is free and the guards hold: one row, or none if a guard failed. Inside
    /// a transaction a transaction-level try also reads the timeouts that a wait would change.
    /// Where the client does not tell, the second column says whether a transaction is open.
    [[nodiscard]] std::string try_acquire(const Situation& situation) const;

    /// Waits. The transaction-level lock is waited for first and the session-level one taken after
    /// it, since a timeout or cancel can be raised after the grant and would leave a session-level
    /// lock behind; a session never waits for itself.
    [[nodiscard]] std::string wait(const Situation& situation, std::int64_t milliseconds,
                                   const PostgresqlTimeouts& restore, bool connection_check) const;

    /// Undoes what is left of a wait that failed inside a transaction.
    [[nodiscard]] static const char* roll_back_wait();

    [[nodiscard]] std::string unlock(Mode mode) const;

    /// Unlocks while the transaction has failed, and leaves it failed: a plain ROLLBACK would turn
    /// the user's next statements, which were failing, into autocommitted ones.
    [[nodiscard]] std::string unlock_in_failed_transaction(Mode mode) const;

    /// The same in two statements, for clients that give no row of a string that fails: this one
    /// leaves a transaction open, and fail_open_transaction() follows.
    [[nodiscard]] std::string unlock_and_begin(Mode mode) const;
    [[nodiscard]] static const char* fail_open_transaction();

    /// Opens a transaction that has failed.
    [[nodiscard]] static const char* fail_transaction();

    /// One row: how many granted entries of this session pg_locks has for the key.
    [[nodiscard]] std::string verify(Mode mode) const;

    /// Draws a fencing token in a transaction of its own, which waits for its commit to be durable
    /// whatever the session's settings: one row, or none if this is not the server session that
    /// holds the lock, or the counter has no row. Precondition: no transaction is open.
    [[nodiscard]] std::string fence(const Situation& situation, std::int64_t milliseconds) const;

    /// One row that tells which guard failed: same server session, in recovery, stale snapshot.
    [[nodiscard]] std::string diagnose(const Situation& situation) const;

    /// One row: the server's deadlock_timeout in milliseconds.
    [[nodiscard]] static const char* deadlock_timeout();

    /// One row. Has the server notice a silent client within `silence`, as far as it can.
    [[nodiscard]] static std::string keepalive(std::chrono::seconds silence);

  private:
    [[nodiscard]] std::string guards(const Situation& situation, bool full) const;
    [[nodiscard]] std::string is_same_session(const Situation& situation) const;
    [[nodiscard]] std::string is_not_anothers() const;
    [[nodiscard]] std::string is_marked() const;
    [[nodiscard]] std::string call(const char* function, bool xact, Mode mode) const;
    [[nodiscard]] static std::string set_local(const char* setting, std::int64_t milliseconds);

    PostgresqlSettings settings_;
    std::uint64_t mark_ = 0;
    std::string arguments_;
    std::string lock_row_;
};

}  // namespace dlock::detail
