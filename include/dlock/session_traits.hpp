// For authors of SOCI backends: what makes locks work on a backend that this library does not know.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>
#include <dlock/export.hpp>
#include <dlock/world.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace dlock {

/// The databases whose locks this library knows.
enum class Product {
    postgresql,
    mysql,
    mariadb,
    /// SQL Server and what speaks its protocol (Azure SQL, Babelfish).
    mssql,
    oracle,
};

/// What the client knows of the session's transaction without asking the server.
enum class TransactionState {
    /// None is open.
    idle,
    /// One is open.
    active,
    /// One is open and has failed: the server takes nothing but a rollback.
    failed,
    /// Another command is under way on the session.
    busy,
    /// The client library does not tell.
    unknown,
};

/// What a SOCI backend tells of its session. A class that derives from both
/// soci::details::session_backend and this one, made by a soci::backend_factory of any name, gets
/// the locks of `product()`: wrappers around a backend do so, and simulators. Statements are sent
/// through SOCI, with `:key` bound by name where they have a key. Its destructor must be declared
/// noexcept, since SOCI 4.1 lets those of its backends throw.
///
/// Thread safety: as a soci::session, one thread at a time, except cancel().
class DLOCK_EXPORT SessionTraits {
  public:
    virtual ~SessionTraits();

    [[nodiscard]] virtual Product product() const = 0;

    /// The server's version: as PQserverVersion() or mysql_get_server_version() would give it, 0
    /// where it is not known.
    [[nodiscard]] virtual int server_version() const = 0;

    /// The server session, without a round trip; another one after each reconnect. 0 if not known.
    [[nodiscard]] virtual std::uint64_t identity() const noexcept = 0;

    /// Without a round trip.
    [[nodiscard]] virtual TransactionState transaction() const noexcept = 0;

    /// What names the server, and the database where locks belong to one: sessions with the same
    /// text compete for the same locks.
    [[nodiscard]] virtual std::string server() const = 0;

    /// What the server said in an exception that a statement of this session threw, and whether the
    /// connection is gone with it.
    struct Failure {
        NativeError native{};
        bool connection_lost = false;
        /// The columns, as integers, of the last row that came before it, where several statements
        /// were sent in one string.
        std::vector<std::optional<std::int64_t>> before{};
    };
    [[nodiscard]] virtual Failure failure(const std::exception& error) const = 0;

    /// True if cancel() can end a statement that is under way.
    [[nodiscard]] virtual bool can_cancel() const noexcept { return false; }

    /// Asks the server to end the statement that is under way. Called from any thread, again and
    /// again until the statement has ended; never after the session was destroyed.
    virtual void cancel() noexcept {}

    /// The clock that the session lives by.
    [[nodiscard]] virtual World& world() const noexcept { return World::real(); }
};

}  // namespace dlock
