// What a lock can be asked to do.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>
#include <dlock/key.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace soci {
class session;
}

namespace dlock {

class LockError;

/// The unit of all time in this library. Conversions from coarser or floating-point durations
/// saturate; a floating-point NaN is refused (errc::invalid_option).
using Duration = std::chrono::nanoseconds;

/// How much a holder excludes. Not every database knows every mode: see Capabilities.
enum class Mode {
    /// Excludes everybody else. Every database: SQL Server's Exclusive, Oracle's X.
    exclusive,
    /// Excludes all that could change something: exclusive, intent_exclusive and, on Oracle,
    /// shared_intent_exclusive holders. PostgreSQL, SQLite, SQL Server, Oracle (S).
    shared,
    /// Goes with shared and intent_shared holders, excludes all others, update holders included.
    /// SQL Server.
    update,
    /// Announces shared locks below: excludes exclusive holders only. SQL Server, Oracle (SS).
    intent_shared,
    /// Announces exclusive locks below: goes with both intents only. SQL Server, Oracle (SX).
    intent_exclusive,
    /// Shared, and announces exclusive locks below: goes with intent_shared holders only. Oracle
    /// (SSX).
    shared_intent_exclusive,
    /// Excludes nobody. Oracle (NL).
    null,
};

/// How a lock waits.
enum class WaitStrategy {
    /// The wait blocks in the server, which queues waiters fairly and finds deadlocks. The default.
    server,
    /// The client asks again and again. Nothing runs on the server in between; slower to notice a
    /// release, unfair among processes, and deadlocks are found by the timeout only.
    polling,
};

/// What happens when a session takes a key that it already holds.
enum class Reentrancy {
    /// errc::already_locked, on every database. The default.
    refused,
    /// It is counted by this library: as many releases as acquires. All locks that share the hold
    /// must have this option, the same mode, the same scope and the same `fencing`.
    counted,
};

/// What is known of poolers and proxies between the program and the server.
enum class Pooler {
    /// One that is found is refused before anything is taken (errc::pooler_detected). The default.
    refused,
    /// The caller vouches that the pooler keeps one server session for this session as long as a
    /// lock is held (pgbouncer: pool_mode=session).
    session_mode,
};

/// Options of create_lock() and ScopedLock. A misspelt option does not compile; one that the
/// database cannot do is refused when the lock is made (errc::not_supported), one that is out of
/// range as well (errc::invalid_option).
///
/// Use designated initialisers: `{.shared = true, .timeout = 5s}`.
struct LockOptions {
    /// Short for `mode = Mode::shared`.
    bool shared = false;

    /// A transaction-level lock: taken inside the session's open transaction and held until that
    /// ends; it cannot be released by hand. PostgreSQL, SQL Server, Oracle. With autocommit off SQL
    /// Server begins the transaction for the lock. On Oracle, where a transaction begins with the
    /// first change, the lock lives until the next commit or rollback.
    bool xact = false;

    /// The mode; exclusive unless set. With `shared` it may only be Mode::shared.
    std::optional<Mode> mode{};

    /// How long ScopedLock waits: unset, without limit; zero or negative, one try. It does not bear
    /// on BaseLock's own functions, which are told each time.
    std::optional<Duration> timeout{};

    /// Replaces the default conversion of the key.
    Converter converter{};

    /// How waits are done.
    WaitStrategy wait = WaitStrategy::server;

    /// With WaitStrategy::polling: the pause between two tries. Must be above zero.
    Duration poll_interval = std::chrono::milliseconds(50);

    /// With WaitStrategy::polling: the part of each pause that is random, 0 to 1.
    double poll_jitter = 0.5;

    /// The longest first wait in the server in one statement (PostgreSQL, SQL Server, Oracle); each
    /// further one is twice as long, so that long holds starve nobody. Must be above zero; raised
    /// to twice the server's deadlock detection time (10 s on SQL Server and Oracle) where that is
    /// longer, since shorter waits would switch the detection off.
    Duration slice = std::chrono::seconds(10);

    /// What taking a key twice in one session means.
    Reentrancy reentrancy = Reentrancy::refused;

    /// What is known of poolers in between.
    Pooler pooler = Pooler::refused;

    /// Allows a lock inside a REPEATABLE READ or SERIALIZABLE transaction of PostgreSQL, whose
    /// reads may be older than the grant.
    bool allow_stale_snapshot = false;

    /// The database principal (a user or a role) that the lock belongs to, SQL Server only; unset
    /// or empty means "public". Locks of different principals are different locks, and only members
    /// of the principal can take them: others get errc::permission_denied. At most 128 characters.
    /// Babelfish ignores it: there all principals share one lock.
    std::optional<std::string> db_principal{};

    /// Has Oracle turn the key into a lock id (DBMS_LOCK.ALLOCATE_UNIQUE) instead of hashing it
    /// here: no two keys are the same lock, and programs that do so as well (DistributedLock for
    /// .NET) have the same locks. The key is then a name of at most 128 bytes: text as it is,
    /// bytes as the text that they encode, an integer in decimal; not one that begins with "ORA$".
    /// ALLOCATE_UNIQUE commits, so it runs in a transaction of its own each time; the session's is
    /// left alone. It writes to a table of the server, and forgets a name 10 days after its last
    /// use: do not hold a lock for longer. Names that are not ASCII need a database in UTF-8.
    bool allocate_unique = false;

    /// The longest time for which a loss may stay unnoticed while the lock is held, whatever the
    /// cause: the server is asked twice in it, on a thread of the library, and must answer within
    /// half of it, else the lock counts as lost and the session is closed at the next call (which
    /// by way of ODBC and on Oracle waits until the client library gives up the question). An error
    /// that leaves the session alive is asked about once more: with silence after that, the
    /// loss is told half as much later. It is told as BaseLock::on_lost() says. While the lock
    /// is held, nothing but locks may then use the session (what the program writes under the
    /// lock needs another one), and only by blocking calls; while such a call waits, the server
    /// is not asked.
    /// Unset, the server is not asked at all: what the connection's socket shows is told all
    /// the same. At least 10 ms; not with `xact`.
    std::optional<Duration> verify_interval{};

    /// Lets only one waiter of this process stand in the server's queue for a key, the others queue
    /// in the process, first come first served. Only sessions that hold nothing and have no open
    /// transaction queue there.
    bool local_queue = true;

    /// Draws a fencing token with every grant (BaseLock::fencing_token()): a number that is higher
    /// than those of all holds of the key that excluded this one. The token is drawn by statements
    /// of its own after the grant, and committed before the acquire returns; if it cannot be had,
    /// the lock is given back. Needs the counter that create_fencing_schema() (<dlock/fencing.hpp>)
    /// makes, a session that may write, and no open transaction, Oracle excepted (on SQLite, no
    /// unfinished statement either). Not with `xact`: what is written in the same transaction needs
    /// no token.
    bool fencing = false;

    /// Opens another session to the same server; used to cancel a wait where the protocol needs one
    /// for that (MySQL and MariaDB: KILL QUERY). Without it a stop request on those ends a wait
    /// within one second. Called on threads of the library's own (where none can be made, on the
    /// one that requests the stop), and for asynchronous operations on `blocking_executor`; several
    /// at a time if several waits are cancelled. A call may go on for a while after a wait that was
    /// given up (`session_lost`), also while others begin: what it refers to must stay valid.
    std::function<std::unique_ptr<soci::session>()> helper_session{};

    /// Runs a function on a thread that may block; used by asynchronous operations
    /// (<dlock/asio.hpp>) for databases that cannot be asked without blocking, and to send cancels.
    /// Unset, threads of the library's own. Each wait on ODBC, Oracle and SQLite keeps a thread
    /// until it ends: give more threads than locks can wait at a time, or those that would release
    /// a lock stand behind those that wait for it. May be called from any thread; may throw, or
    /// drop the function, and the session is then closed. Cancels may hang in it as long as a
    /// server is silent. `dlock::on_executor(pool)` makes one of a Boost.Asio executor.
    std::function<void(std::function<void()>)> blocking_executor{};

    /// Called with every error that has no caller to go to: from unlock(), destructors and guards.
    /// Must not use the lock; what it throws is swallowed.
    std::function<void(const LockError&)> on_error{};

    /// The mode that `shared` and `mode` ask for together.
    [[nodiscard]] Mode effective_mode() const noexcept {
        return shared ? Mode::shared : mode.value_or(Mode::exclusive);
    }
};

}  // namespace dlock
