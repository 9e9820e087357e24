// One call of a lock, from its start to its end, as the engines run it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/acquisition.hpp"
#include "engine/driver.hpp"
#include "engine/holds.hpp"

#include <string>

namespace dlock::detail {

/// Who competes for what: needed for turns in the local queue.
struct Contender {
    const std::string& name;
    const SessionRecord& record;
    Mode mode = Mode::exclusive;
    /// World::caller() of the thread that blocks; Hold::nobody if none does.
    std::size_t caller = Hold::nobody;
};

/// An acquire, a release or a verify as a machine without I/O. start() and resume() say what to do
/// next; with Action::Kind::done the call is over. They throw LockError when it has failed, and
/// then it is over as well.
class Operation {
  public:
    virtual ~Operation() = default;
    Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    [[nodiscard]] virtual Action start(const Moment& moment) = 0;
    [[nodiscard]] virtual Action resume(Event event, const Moment& moment) = 0;

    /// The engine cannot go on, with a statement under way or with may_hold(), so that what the
    /// session holds is not known: closes it. To be called after start() and before the end.
    virtual void abandon() noexcept = 0;

    /// Between two statements: the session may hold what only the rest of the operation keeps or
    /// gives back.
    [[nodiscard]] virtual bool may_hold() const noexcept { return false; }

    /// After the end: true if the lock is held.
    [[nodiscard]] virtual bool held() const noexcept = 0;

    /// Null if the operation never waits: it is then not cancelled either.
    [[nodiscard]] virtual const Contender* contender() const noexcept { return nullptr; }

    /// Before start(): it may be cancelled, and nothing can end a statement.
    virtual void wait_in_short_slices() noexcept {}
};

/// What is known at this moment without asking the server.
[[nodiscard]] inline Moment moment_of(const Driver& driver) {
    return {.now = driver.world().now(),
            .identity = driver.identity(),
            .transaction = driver.transaction(),
            .is_primary = driver.is_primary()};
}

}  // namespace dlock::detail
