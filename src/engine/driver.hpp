// A database session as the engines see it: what it is, and a way to ask it one statement.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/statement.hpp"

#include <dlock/session_traits.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace dlock::detail {

/// Ends a statement that is under way, from any thread.
class Canceller {
  public:
    /// A cancel that has had no effect is repeated after this time.
    static constexpr std::chrono::milliseconds repeat_after{10};
    /// The server, or the way to it, does not answer cancels: the session is given up.
    static constexpr std::chrono::seconds give_up_after{5};

    virtual ~Canceller() = default;
    Canceller() = default;
    Canceller(const Canceller&) = delete;
    Canceller& operator=(const Canceller&) = delete;

    /// True if cancel() can end a statement; else there is force() alone.
    [[nodiscard]] virtual bool can_cancel() const noexcept { return true; }

    /// Asks the server to end the statement. May come too early or too late to have an effect, so
    /// it is called again and again until the statement has ended; by one thread at a time.
    virtual void cancel() noexcept = 0;

    /// True if force() can end the connection.
    [[nodiscard]] virtual bool can_force() const noexcept { return false; }

    /// Ends the connection on this side, so that the statement fails: cancel() has no effect, or
    /// hangs on another thread, where it must do nothing any more. May be called more than once.
    virtual void force() noexcept {}
};

/// How far a statement is that was begun without blocking.
struct Progress {
    bool done = true;
    /// What the descriptor must be ready for before the statement can advance.
    bool reads = false;
    bool writes = false;
    /// It can advance at this time as well: the client library's own limit.
    std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
};

/// One session through its client library. It knows nothing of locks.
///
/// Thread safety: as a soci::session, one thread at a time.
class Driver {
  public:
    virtual ~Driver() = default;
    Driver() = default;
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    /// True while the session still has the backend object that the driver was made from.
    [[nodiscard]] virtual bool attached() const noexcept = 0;

    /// What identifies this session in the registry: the backend object's address.
    [[nodiscard]] virtual const void* handle() const noexcept = 0;

    /// The server's number of the session, as the client library remembers it, without a round
    /// trip. 0 where there is none or it is not known.
    [[nodiscard]] virtual std::uint64_t identity() const noexcept = 0;

    /// The connection, by a number that no other of this process's has for long: a server that was
    /// restarted may give its sessions the numbers of those before. 0 if there is none, or it has
    /// ended and the client library knows.
    [[nodiscard]] virtual std::uint64_t incarnation() const noexcept { return identity(); }

    [[nodiscard]] virtual TransactionState transaction() const noexcept = 0;

    /// True if the protocol tells that the server is a primary, without a round trip.
    [[nodiscard]] virtual bool is_primary() const noexcept { return false; }

    /// The clock and the sleep of operations on this session.
    [[nodiscard]] virtual World& world() const noexcept { return World::real(); }

    /// What names the server, and the database where locks belong to one: sessions with the same
    /// text compete for the same locks.
    [[nodiscard]] virtual std::string server() const = 0;

    /// Sends the statement and waits for its answer. Never throws: failures stand in `reply`.
    virtual void execute(const Statement& statement, Reply& reply) noexcept = 0;

    /// True if begin() and advance() do not block; else only execute() is to be used.
    [[nodiscard]] virtual bool non_blocking() const noexcept { return false; }

    /// Sends the statement, as far as that goes without blocking. Statement and reply must stay
    /// alive until it is done; nothing else may use the session until then. Never throws.
    [[nodiscard]] virtual Progress begin(const Statement& statement, Reply& reply) noexcept {
        execute(statement, reply);
        return {};
    }

    /// Goes on with the statement. To be called when the descriptor is ready or the time has come;
    /// harmless when it is not.
    [[nodiscard]] virtual Progress advance(Reply& reply) noexcept {
        (void)reply;
        return {};
    }

    /// Something that can cancel statements of this session; null if there is no way, or if the
    /// session is closed.
    [[nodiscard]] std::unique_ptr<Canceller> make_canceller() {
        return attached() ? new_canceller() : nullptr;
    }

    /// Closes the session: nobody can tell what it holds. The server frees its locks.
    virtual void abandon() noexcept = 0;

    /// The connection's socket, which shows when the connection ends; -1 where there is none.
    [[nodiscard]] virtual int socket() const noexcept { return -1; }

    /// True if the end of a session shows at socket(), or sessions cannot end by themselves.
    [[nodiscard]] virtual bool tells_its_end() const noexcept { return false; }

    /// The descriptor whose life keeps the session's locks alive; -1 where there is none.
    [[nodiscard]] virtual int descriptor() const noexcept { return socket(); }

  private:
    /// What make_canceller() returns while the session is attached.
    [[nodiscard]] virtual std::unique_ptr<Canceller> new_canceller() { return nullptr; }
};

}  // namespace dlock::detail
