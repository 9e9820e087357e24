// The lock: one type for every database.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/capabilities.hpp>
#include <dlock/error.hpp>
#include <dlock/export.hpp>
#include <dlock/key.hpp>
#include <dlock/options.hpp>
#include <dlock/wait.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <system_error>

namespace dlock {

namespace detail {
class AsyncOperation;
class LockState;
}  // namespace detail

/// A lock on a key in a database, shared by all programs that use the same server.
///
/// It is made by create_lock(), neither copied nor moved, and meets the requirements of the
/// standard's *TimedLockable* and *SharedTimedLockable*: std::unique_lock, std::scoped_lock,
/// std::shared_lock and std::lock_guard work with it.
///
/// States, and what each operation does in them:
///
/// |            | unlocked             | locked                      | lost            |
/// |------------|----------------------|-----------------------------|-----------------|
/// | acquire    | locked, or as it was | `already_locked` (1)        | `lock_lost`     |
/// | release    | `not_locked`         | unlocked; lost: `lock_lost` | `lock_lost` (3) |
/// | close      | nothing              | as release (2)              | `lock_lost` (3) |
/// | unlock     | hook: `not_locked`   | as close; errors to hook    | hook (3)        |
/// | verify     | false                | true; lost: false           | false           |
/// | destructor | nothing              | as close; errors to hook    | hook: lost      |
///
/// (1) Counted with Reentrancy::counted. (2) A transaction-level lock is left to its transaction.
/// (3) And the object is unlocked.
///
/// A lock is lost when the server no longer counts it as held by this session: the connection
/// died, the session was reconnected or reset (DISCARD ALL, RELEASE_ALL_LOCKS), or an administrator
/// ended it. That is found by verify() and release(), and told by on_lost() and lost_token().
///
/// Every acquire is truthful: if it throws, returns false or is cancelled, the session holds no
/// more than before; where that cannot be known, the session is closed and the error says so
/// (LockError::spoils_session()).
///
/// Thread safety: as soci::session. One thread at a time may use a lock, its session, and the other
/// locks on that session; which thread does not matter.
///
/// fork(): a child process must not use the parent's session. In it a lock made before the fork
/// sends nothing on the parent's connection: what would send throws `wrong_process`, and the
/// destructor does nothing.
class DLOCK_EXPORT BaseLock {
  public:
    /// What this object knows of its lock without asking the server.
    enum class State { unlocked, locked, lost };

    BaseLock(const BaseLock&) = delete;
    BaseLock& operator=(const BaseLock&) = delete;

    /// Releases the lock if it is held; errors go to LockOptions::on_error. Precondition: the
    /// soci::session that the lock was made from is still alive.
    ~BaseLock();

    // ---- The standard's names. ----

    /// Waits without limit. Throws LockError, and then the lock is not held.
    void lock();

    /// Tries once. Returns false if somebody else holds the lock (with LockOptions::fencing also if
    /// the counter is busy). Throws LockError.
    [[nodiscard]] bool try_lock();

    /// Waits at most `duration` (zero or negative: one try). Returns false when the time is over,
    /// never early. Throws LockError.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& duration) {
        return acquire(Wait(duration));
    }

    /// Waits at most until `deadline`; the time left is taken once, at the call. Throws LockError.
    template <class Clock, class D>
    [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, D>& deadline) {
        return acquire(Wait(detail::time_until(deadline)));
    }

    /// Releases the lock. Never throws: what went wrong goes to LockOptions::on_error and
    /// last_error().
    void unlock() noexcept;

    /// As lock(), always in Mode::shared. Throws `not_supported` where there is none.
    void lock_shared();
    /// As try_lock(), always in Mode::shared.
    [[nodiscard]] bool try_lock_shared();
    /// As try_lock_for(), always in Mode::shared.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& duration) {
        return acquire_shared(Wait(duration));
    }
    /// As try_lock_until(), always in Mode::shared.
    template <class Clock, class D>
    [[nodiscard]] bool try_lock_shared_until(const std::chrono::time_point<Clock, D>& deadline) {
        return acquire_shared(Wait(detail::time_until(deadline)));
    }
    /// As unlock().
    void unlock_shared() noexcept;

    // ---- Acquire and release. ----

    /// Acquires the lock in the mode of its options.
    ///
    /// Returns true if the lock is held now, false if the time was over before it was granted; with
    /// LockOptions::fencing also if it was granted and given back, since the counter was busy.
    ///
    /// Errors: `already_locked`, `cancelled` (a stop was requested), `deadlock`, `session_lost`,
    /// `session_changed`, `pooler_detected`, `read_replica`, `no_transaction`,
    /// `transaction_failed`, `stale_snapshot`, `session_busy`, `interrupted`, `permission_denied`,
    /// `resource_exhausted`, `wrong_process`, `lock_lost`, `database_error`; with
    /// LockOptions::fencing also `no_fencing_schema` and `transaction_open`.
    ///
    /// Exception safety: strong; the lock is not held after a throw, see the class comment.
    ///
    /// Blocking: one round trip if the lock is free; else until granted, the limit, or the stop.
    /// With LockOptions::fencing one more (MySQL and MariaDB: three), and at least one second is
    /// given to them if others are drawing tokens, also where the limit passes meanwhile. On MySQL
    /// a draw waits for a counter that somebody keeps locked as long as the session's
    /// innodb_lock_wait_timeout (50 s by default) says, beyond the limit.
    /// A stop request ends the wait within milliseconds on PostgreSQL and SQLite, and on MySQL and
    /// MariaDB if LockOptions::helper_session is set; without it within one second. On PostgreSQL
    /// it ends the draw of a token as well (a standby that does not confirm it, say). If the server
    /// has not answered a statement five seconds after the stop (it or the network is silent, no
    /// helper session can be opened, a counter is kept locked), the session is closed, and the
    /// error is `session_lost`. For that a thread of the library's own must be had. Not on Oracle,
    /// by way of ODBC or with SessionTraits of one's own, where the client library's time-outs
    /// count (a cancel by ODBC may even keep the thread that requests the stop), nor on SQLite,
    /// where the draw of a token waits for its counter as long as the busy_timeout says. Where the
    /// waiting thread requests the stop itself, from a signal handler, say, the server is asked
    /// once to end the statement, which may be too early: have another thread request it.
    /// A question that another lock's verify_interval asks on this session is waited for first,
    /// without regard to the limit; a stop ends that at once.
    ///
    /// Session effects: no setting is left changed, a transaction stays open and usable unless
    /// LockError::spoils_transaction() says otherwise. On PostgreSQL by way of ODBC the session
    /// keeps a setting of the library's own, `dlock.session`.
    [[nodiscard]] bool acquire(Wait wait = forever, const std::stop_token& stop = {});
    /// As above; errors go to `error`, which is cleared on success and time-out.
    [[nodiscard]] bool acquire(Wait wait, const std::stop_token& stop,
                               std::error_code& error) noexcept;
    /// As above, without a stop token.
    [[nodiscard]] bool acquire(Wait wait, std::error_code& error) noexcept;

    /// As acquire(), always in Mode::shared; throws `not_supported` where there is none.
    [[nodiscard]] bool acquire_shared(Wait wait = forever, const std::stop_token& stop = {});
    [[nodiscard]] bool acquire_shared(Wait wait, const std::stop_token& stop,
                                      std::error_code& error) noexcept;

    /// Releases the lock and reports.
    ///
    /// Throws LockError: `not_locked`; `lock_lost` if the server says that this session did not
    /// hold it any more; `session_lost` if the connection is gone (and the lock with it);
    /// `held_by_transaction` for a transaction-level lock whose transaction is open, which stays
    /// held; `session_busy`, and it stays held. After all other errors the object is unlocked.
    ///
    /// One round trip. In a failed transaction of PostgreSQL the lock is released as well and the
    /// transaction left failed (only its savepoints are gone).
    void release();
    void release(std::error_code& error) noexcept;

    /// Releases the lock if it is held, else does nothing; leaves a transaction-level lock to its
    /// transaction. Throws as release() does.
    void close();
    void close(std::error_code& error) noexcept;

    // ---- Loss. ----

    /// Has `handler` called when the lock is found lost while it is held: now, if it is held, and
    /// in each later hold. An empty one ends that, and does not wait for one that runs. If the
    /// present hold is lost already, it is called at once.
    ///
    /// Found without asking the server: the connection has ended (PostgreSQL, MySQL, MariaDB; the
    /// server ended the session or went down, the connection was reset, or closed by keepalives,
    /// see set_keepalive()). Found by asking: what LockOptions::verify_interval, verify() and
    /// release() find. A lock on SQLite cannot be lost by itself. On sessions of ODBC and Oracle
    /// the end does not show: `not_supported` without a verify_interval. A transaction-level lock
    /// counts as held until it is released, verified or taken again, so the end of its session is
    /// told even if the transaction has ended before.
    ///
    /// The handler is called once for each hold, after lost_token() was told, by a thread of the
    /// library, or by the call that found the loss. It must not use the lock, its session, or an
    /// asynchronous operation on it (a cancellation signal, say; post that). Releasing or
    /// destroying the lock waits for a handler that runs, replacing it does not: it must not wait
    /// for a thread that may do so, an I/O context's that runs an async_release(), say. What it
    /// throws is swallowed. A thread of the library blocks the program's signals, which a process
    /// that the handler starts inherits.
    ///
    /// Each watched hold has a descriptor of its own. It keeps the connection open where the client
    /// library closes it by itself (libmariadb's read_timeout) in a statement of yours: use or
    /// release the lock after that, so that the session ends on the server. Throws LockError:
    /// `not_supported`, `wrong_process`, `session_busy` (an asynchronous operation on the lock is
    /// under way), `resource_exhausted` (no descriptor or thread). An acquire with a handler throws
    /// the last one as well, before the lock is asked for. Sends nothing.
    void on_lost(std::function<void(const LockError&)> handler);

    /// A token whose stop is requested when the lock is found lost, as on_lost() says; what that
    /// says of handlers is true of stop callbacks. It belongs to the present hold: after a release
    /// it is not told any more. Without a hold, one that never is; of a lost one, one that has
    /// been. Throws as on_lost().
    [[nodiscard]] std::stop_token lost_token();

    // ---- Observers. ----

    /// True if the lock is held as far as is known without asking the server: it was acquired, the
    /// session is the same one, and a transaction-level lock's transaction has neither ended nor
    /// failed. (PostgreSQL frees such locks when the transaction fails, all but those taken before
    /// the last savepoint. A transaction that ended and was followed by another is found by
    /// verify(); so is, where the client does not tell of transactions, as ODBC does not of a
    /// literal BEGIN, any that ended.) While the session is being used by an asynchronous operation
    /// or asked because of `verify_interval`, what was known before.
    [[nodiscard]] bool locked() const noexcept;

    [[nodiscard]] State state() const noexcept;

    /// Asks the server whether this session still holds the lock, in one round trip.
    ///
    /// Returns false if it does not, or if the connection is gone; the state is then `lost`
    /// (`unlocked` for a transaction-level lock). Throws LockError if it could not be asked.
    [[nodiscard]] bool verify();
    [[nodiscard]] bool verify(std::error_code& error) noexcept;

    /// The fencing token of this hold: above zero, and higher than those of all holds of the key
    /// that excluded this one. Those who share the lock at the same time have tokens of their own,
    /// in no certain order; counted acquires of one hold share it. As durable as the server's
    /// commits: a failover to a replica that lags, or a restored backup, may give a number again.
    /// Still told while the state is `lost`, so that what was written under the lock can be found.
    /// Unset while the state is `unlocked`, and without LockOptions::fencing.
    [[nodiscard]] std::optional<std::int64_t> fencing_token() const noexcept;

    /// The key as the user gave it.
    [[nodiscard]] const Key& key() const noexcept;
    /// What the database gets for it.
    [[nodiscard]] const ActualKey& actual_key() const noexcept;
    [[nodiscard]] const LockOptions& options() const noexcept;
    [[nodiscard]] const Capabilities& capabilities() const noexcept;
    /// The last error of this object, also those that were thrown.
    [[nodiscard]] std::optional<LockError> last_error() const;

    /// The descriptor whose life keeps the lock alive: the connection's socket, or the side file of
    /// SQLite. A process that inherits it keeps the lock until it closes it. -1 where there is
    /// none.
    [[nodiscard]] int descriptor() const noexcept;

    /// Used by create_lock().
    explicit BaseLock(std::unique_ptr<detail::LockState> state);

  private:
    friend class detail::AsyncOperation;

    std::unique_ptr<detail::LockState> state_;
};

}  // namespace dlock
