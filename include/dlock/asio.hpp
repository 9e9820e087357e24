// Locks without blocking: Boost.Asio. The CMake component `asio`.
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// async_acquire(), async_try_acquire(), async_release(), async_verify() and their brothers do what
/// the functions of BaseLock do, for any completion token of Boost.Asio (1.81 or newer); without a
/// token they are `deferred`, so that `co_await dlock::async_acquire(lock, 5s)` works. They take an
/// executor as first argument; without one the I/O runs on the executor of the handler, as a
/// coroutine has it (callbacks without one: Asio's system executor).
///
/// **What runs where.** PostgreSQL, MySQL and MariaDB: on the session's own connection, without
/// blocking, waiting on its socket. ODBC, Oracle, SQLite, and MySQL with the option `reconnect`: on
/// threads of LockOptions::blocking_executor, never on the caller's. Connecting, create_lock() and
/// destructors block as ever.
///
/// **One at a time.** From the start of an operation until its handler is called nothing else may
/// use the session: neither SOCI, nor another lock on it (`session_busy`). Between operations it is
/// an ordinary session.
///
/// **Cancellation.** Per operation, of any type, through the handler's cancellation slot; from any
/// thread, as far as the slot allows. A wait ends at once with
/// boost::asio::error::operation_aborted, and then the session holds nothing and is usable; or the
/// lock was granted before, and the operation succeeds. The cancel is sent on a thread of
/// `blocking_executor` (MySQL and MariaDB: over LockOptions::helper_session; without that waits are
/// cut into slices of one second and end with the slice). Statements that do not wait (a try, a
/// release, a verify) end with their reply. If the server is silent for 5 s after a cancel, the
/// session is closed and the operation ends with `session_lost`; by way of ODBC and on Oracle it
/// ends with the statement. Time-outs by Asio's operators (`||` with a timer) are such
/// cancellations.
///
/// **Lifetimes.** Lock and session must outlive the operation, with these exceptions. A lock that
/// is destroyed while an operation of it is under way ends it: the handler gets operation_aborted,
/// and if a statement was on its way, or a fencing token still to be drawn, the session is closed.
/// (Where a thread is busy with it, the destructor waits for the statement's end.) The session must
/// outlive the lock, as ever; one that is closed or reconnected meanwhile ends the operation with
/// an error. An execution context that is stopped suspends its operations; if it is destroyed,
/// their handlers are never called, and their sessions are closed in the same cases. A handler that
/// throws does so through the context's run(), after the operation has ended.
///
/// Thread safety: as BaseLock; the context may have any number of threads.

#include <dlock/asio/async_scoped_lock.hpp>
#include <dlock/asio/errors.hpp>
#include <dlock/asio/operations.hpp>
