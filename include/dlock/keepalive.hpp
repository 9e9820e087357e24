// Dead connections are noticed in time, on both sides.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>
#include <dlock/options.hpp>

namespace soci {
class session;
}

namespace dlock {

/// What set_keepalive() could arrange.
struct Keepalive {
    /// This side notices a server that has gone: waits end, and BaseLock::on_lost() is told.
    bool client = false;
    /// The server notices a client that has gone, and frees its locks.
    bool server = false;
};

/// Has both ends of the session's connection notice within about `silence` that the other one is
/// gone without a word: a machine that lost power, a cut cable, a firewall that forgot the
/// connection. Without it that takes the operating system's defaults, often two hours.
///
/// This side: TCP keepalive and TCP_USER_TIMEOUT on the connection's socket (PostgreSQL, MySQL,
/// MariaDB; not by way of ODBC). They show that the server's machine answers, not that the server
/// does, and end at a proxy: see LockOptions::verify_interval for those. The server's side:
/// tcp_keepalives_idle, _interval, _count, tcp_user_timeout and, on Linux, where it lets even a
/// session in the midst of a statement end, client_connection_check_interval (PostgreSQL, each if
/// the server has it, by way of ODBC as well). The other servers have no such settings for a
/// session; MySQL and MariaDB look after waiting sessions themselves. A connection by a unix socket
/// needs none of it, and SQLite has no connection.
///
/// `silence`: at least two seconds, and taken in whole seconds; longer than a day counts as a
/// day.
///
/// Precondition: no lock with LockOptions::verify_interval is held on the session (the server is
/// asked on another thread); call it before.
///
/// Sends one statement to PostgreSQL, and nothing to others. The settings stay with the session
/// until it ends or resets them (DISCARD ALL), also if the transaction that it is called in is
/// committed; a rollback takes back those of the server. Throws LockError: `invalid_option`,
/// `session_lost`, `session_busy`, `transaction_failed`, `unknown_backend`, `not_supported`,
/// `database_error`; nothing has then been changed on this side.
DLOCK_EXPORT Keepalive set_keepalive(soci::session& session, Duration silence);

}  // namespace dlock
