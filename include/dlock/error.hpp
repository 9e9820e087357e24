// Errors of soci-dlock: a std::error_code category and one exception type.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace dlock {

/// What went wrong. Each enumerator says what the caller should do.
///
/// `std::error_code`s of this kind compare equal to the `std::errc` named in brackets, so generic
/// code needs none of these names.
enum class errc {
    /// The time ran out before the lock was granted. Try again or give up. [timed_out]
    timed_out = 1,
    /// A std::stop_token asked for the wait to end. Nothing is held. [operation_canceled]
    cancelled,
    /// The server chose this wait as the victim of a deadlock, or this thread would wait without
    /// limit for a hold that it took itself, whoever is to release that. Release what is held, then
    /// try again. [resource_deadlock_would_occur]
    deadlock,
    /// The lock was gone before it was released: whatever it guarded may have been touched by
    /// somebody else. Never retry blindly. [no_lock_available]
    lock_lost,
    /// This object, or this session, already holds the key. A bug, or a case for
    /// Reentrancy::counted. [device_or_resource_busy]
    already_locked,
    /// Release of a lock that is not held. A bug. [operation_not_permitted]
    not_locked,
    /// The lock lives until its transaction ends and cannot be released by hand.
    /// [operation_not_permitted]
    held_by_transaction,
    /// The connection to the database is gone, and every lock of the session with it. Reconnect.
    /// [not_connected]
    session_lost,
    /// The soci::session is not the one the lock was made from or taken on: moved away,
    /// reconnected, or a pooler or proxy gave another server session. [not_connected]
    session_changed,
    /// A connection pooler or proxy stands between the program and the server. Connect directly, or
    /// promise session pooling with Pooler::session_mode. Nothing was taken. [not_supported]
    pooler_detected,
    /// The server is a standby: it would grant the lock on its own. Connect to the primary. Nothing
    /// was taken. [not_supported]
    read_replica,
    /// A transaction-level lock was asked for without a transaction. Begin one.
    /// [operation_not_permitted]
    no_transaction,
    /// The session's transaction has failed; the server takes no statement until it is rolled back.
    /// Roll back, then try again. [operation_not_permitted]
    transaction_failed,
    /// The transaction is REPEATABLE READ or SERIALIZABLE: it would read data older than the grant.
    /// Lock before the transaction begins, or set LockOptions::allow_stale_snapshot.
    /// [operation_not_permitted]
    stale_snapshot,
    /// The session is busy with another command (COPY, a pipeline, an unread result). Finish it.
    /// [device_or_resource_busy]
    session_busy,
    /// Somebody keeps cancelling the wait on the server (KILL QUERY, pg_cancel_backend). Nothing is
    /// held; try again. [interrupted]
    interrupted,
    /// This database cannot do what the options ask for. [not_supported]
    not_supported,
    /// The key does not fit this database. Choose another or a converter. [invalid_argument]
    invalid_key,
    /// The options contradict each other or are out of range. [invalid_argument]
    invalid_option,
    /// No lock implementation is known for this SOCI backend. [not_supported]
    unknown_backend,
    /// The login may not use the server's lock functions, or the session may not write, which a
    /// fencing token needs. Ask for the grant. [permission_denied]
    permission_denied,
    /// The server is out of lock memory or another resource. Try again later.
    /// [resource_unavailable_try_again]
    resource_exhausted,
    /// The object was made in another process: after a fork the child must make its own session and
    /// lock. Nothing was sent. [operation_not_permitted]
    wrong_process,
    /// A fencing token was asked for where the counter for it is missing. Run
    /// dlock::create_fencing_schema() or `dlock init` once. Nothing is held. [not_supported]
    no_fencing_schema,
    /// A fencing token cannot be drawn while the session's transaction is open (its autocommit is
    /// off; on SQLite, a statement is unfinished), since a rollback would give the same token to
    /// somebody else. Lock before the transaction begins. Nothing is held.
    /// [operation_not_permitted]
    transaction_open,
    /// Any other error of the server or the client library; see LockError::native_code().
    /// [io_error]
    database_error,
};

/// The category of dlock::errc; its name is "dlock".
[[nodiscard]] DLOCK_EXPORT const std::error_category& error_category() noexcept;

/// Makes the std::error_code of an errc; found by argument-dependent look-up.
[[nodiscard]] DLOCK_EXPORT std::error_code make_error_code(errc code) noexcept;

/// What a caller can do after an error.
enum class Retry {
    /// The same call may succeed if made again on the same session.
    same_call,
    /// Roll the transaction back first, then make the call again.
    new_transaction,
    /// Open a new session first.
    new_session,
    /// The call cannot succeed until the program or its configuration changes.
    never,
};

/// What the server or the client library itself said.
struct NativeError {
    /// The server's own number: MySQL's, SQL Server's or Oracle's (942 for ORA-00942), 0 on
    /// PostgreSQL, errno on SQLite (of its fencing counter: SQLite's result code).
    int code = 0;
    /// The five characters of the SQLSTATE, empty where there is none.
    std::string sqlstate{};
    /// The text of the server or the client library. Never holds a password; may hold a part of the
    /// statement.
    std::string message{};
};

/// The one exception of this library.
///
/// It is thrown only by functions that document it; each of those has a twin that takes a
/// `std::error_code&` instead. `what()` names the key only where the text says so (ScopedLock's
/// timeout, errors of the key itself).
///
/// Thread safety: distinct objects safe; copies share immutable data. Copying does not throw.
class DLOCK_EXPORT LockError : public std::system_error {
  public:
    /// An error with a text that says what to do; `key` is the key as the user gave it.
    /// `transaction_spoilt` tells that the session's transaction failed or ended with the error.
    LockError(errc code, const std::string& text, std::string key = {}, NativeError native = {},
              bool transaction_spoilt = false);

    // No move: an error that was moved from must still be readable, and a copy is as cheap.
    LockError(const LockError&) noexcept = default;
    LockError& operator=(const LockError&) noexcept = default;
    ~LockError() override = default;

    /// The errc in `code()`.
    [[nodiscard]] errc which() const noexcept;
    /// The key of the lock, as text; empty where no key is involved.
    [[nodiscard]] const std::string& key() const noexcept;
    /// The server's own error number, 0 where there is none.
    [[nodiscard]] int native_code() const noexcept;
    /// The SQLSTATE, empty where there is none.
    [[nodiscard]] const std::string& sqlstate() const noexcept;
    /// What the server or the client library said, empty where it said nothing.
    [[nodiscard]] const std::string& native_message() const noexcept;

    /// What the caller can do next.
    [[nodiscard]] Retry retry() const noexcept;
    /// True if the session cannot be used any more: its connection is gone or was closed because
    /// nobody could tell whether it held the lock.
    [[nodiscard]] bool spoils_session() const noexcept;
    /// True if the session's transaction is gone or can only be rolled back.
    [[nodiscard]] bool spoils_transaction() const noexcept;

  private:
    struct Details;
    std::shared_ptr<const Details> details_;
};

/// What the caller can do after an error of this kind.
[[nodiscard]] DLOCK_EXPORT Retry retry(errc code) noexcept;

}  // namespace dlock

template <>
struct std::is_error_code_enum<dlock::errc> : std::true_type {};
