// What is known of one database's locks, as a machine without I/O and without a clock.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/driver.hpp"
#include "engine/fencing_schema.hpp"
#include "engine/statement.hpp"

#include <dlock/error.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace dlock::detail {

/// What an engine asks of a dialect. One is under way at a time.
enum class Op {
    /// Takes the lock if it is free.
    try_acquire,
    /// Waits for the lock within the limits given.
    wait,
    /// Gives the lock back.
    release,
    /// Asks whether the session holds the lock.
    verify,
    /// Draws a fencing token for the lock that the session has just been granted, and commits it.
    fence,
};

/// What came of an Op.
enum class Verdict {
    /// try_acquire, wait: this session holds the lock now.
    granted,
    /// try_acquire, wait: somebody else holds it; for wait, the limit has passed.
    /// fence: none was drawn, or one was wasted; ask again.
    busy,
    /// wait: ended early by somebody else; this session does not hold the lock. Ask again.
    interrupted,
    /// release: given back.
    released,
    /// verify: held by this session.
    held,
    /// verify: not held by this session.
    not_held,
    /// fence: `Step::token` is committed, and the session held the lock when it was drawn.
    fenced,
    /// An error; `Step::error` says which. The session holds no more than before the Op, unless
    /// `Step::in_doubt`.
    failed,
};

/// The next thing to do: send a statement and resume() with its reply, or take the verdict.
struct Step {
    /// Not null: send this. It stays valid until resume().
    const Statement* send = nullptr;
    Verdict verdict = Verdict::failed;
    /// With Verdict::failed.
    errc error = errc::database_error;
    /// With Verdict::failed: what happened and what to do, in words. A literal.
    const char* advice = "";
    /// With Verdict::failed: nobody can tell whether the session holds the lock; it must be closed.
    bool in_doubt = false;
    /// What the server's answer told of the session's transaction, where the client cannot tell.
    TransactionState transaction = TransactionState::unknown;
    /// With Verdict::fenced.
    std::int64_t token = 0;
};

/// What the session looks like when an Op starts.
struct Situation {
    /// Driver::identity().
    std::uint64_t identity = 0;
    TransactionState transaction = TransactionState::unknown;
    /// Driver::is_primary().
    bool is_primary = false;
    /// The mode to take or to give back.
    Mode mode = Mode::exclusive;
    /// wait, fence: the longest that the engine wants to wait in one statement.
    Duration slice{};
    /// wait, fence: what is left until the deadline; Duration::max() for no deadline. A dialect may
    /// wait longer than `slice`, never longer than this.
    Duration remaining{};
};

/// One database's lock logic for one key. It allocates nothing for Op::release.
///
/// A dialect keeps between Ops only what it has learnt of the server.
class Dialect {
  public:
    virtual ~Dialect() = default;
    Dialect() = default;
    Dialect(const Dialect&) = delete;
    Dialect& operator=(const Dialect&) = delete;

    /// Begins an Op.
    [[nodiscard]] virtual Step start(Op op, const Situation& situation) = 0;

    /// Goes on with the reply to the statement that was sent last.
    [[nodiscard]] virtual Step resume(const Reply& reply) = 0;

    /// The server's text and numbers behind the last Verdict::failed.
    [[nodiscard]] virtual const NativeError& native() const noexcept = 0;

    /// True if long waits are to be cut into slices (the server does not notice dead waiters by
    /// itself, or a wait holds something back there).
    [[nodiscard]] virtual bool waits_in_slices() const noexcept = 0;

    /// The shortest wait that the server can do; what is left below it is polled.
    [[nodiscard]] virtual Duration shortest_wait() const noexcept { return {}; }

    /// True if the server may make victims of both sides of a deadlock at once; a victim then asks
    /// once more, after a random pause, so that one of them goes on.
    [[nodiscard]] virtual bool may_victimise_both() const noexcept { return false; }

    /// What makes the server notice within `silence` that the client has gone, and lasts as long as
    /// the session; empty where there is no such thing.
    [[nodiscard]] virtual std::string keepalive(std::chrono::seconds silence) const {
        (void)silence;
        return {};
    }

    /// True if a fencing token can be drawn while a transaction is open: in one of its own.
    [[nodiscard]] virtual bool fences_in_transaction() const noexcept { return false; }

    /// The counter that fencing tokens are drawn from, and how it is made.
    [[nodiscard]] virtual const FencingSchema& fencing_schema() const noexcept = 0;

    /// What a server's error means to somebody who makes that counter.
    [[nodiscard]] virtual errc kind_of(const NativeError& error) const noexcept = 0;

    /// True if a session without an open transaction cannot hold a transaction-level lock.
    [[nodiscard]] virtual bool locks_end_with_transaction() const noexcept { return true; }
};

}  // namespace dlock::detail
