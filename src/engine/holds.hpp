// What the sessions of this process hold: re-entrancy, and who may queue locally.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/session_turn.hpp"

#include <dlock/key.hpp>
#include <dlock/options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dlock::detail {

/// One lock held by one session, by as many lock objects as `count` says.
struct Hold {
    /// Server and key; see lock_name().
    std::string name;
    Mode mode = Mode::exclusive;
    bool xact = false;
    bool counted = false;
    /// The fencing token that was drawn with the grant, if one was asked for.
    std::optional<std::int64_t> token{};
    unsigned count = 1;
    /// The server does not hold it any more; those who share the hold are told when they look.
    bool gone = false;
    /// World::caller() of the thread that took it; `nobody` if no thread blocked for it, and none
    /// is to be told that it waits for itself.
    std::size_t caller = nobody;

    static constexpr std::size_t nobody = 0;
};

/// What one session holds. All access goes through Holds.
struct SessionRecord {
    /// Driver::incarnation() when it held what it holds.
    std::uint64_t incarnation = 0;
    std::vector<std::shared_ptr<Hold>> holds;
    /// Held by a blocking operation, by the start of an asynchronous one, and by a probe of the
    /// loss watcher, so that a probe is alone with the session.
    SessionTurn use;
    /// An asynchronous operation is under way on the session.
    std::atomic<bool> in_use{false};
};

/// The holds of all sessions of this process.
///
/// Thread safety: all functions may be called from any thread.
class Holds {
  public:
    /// The record of the session with this handle, shared by all its locks.
    [[nodiscard]] static std::shared_ptr<SessionRecord> record(const void* handle);

    /// Forgets what the session held if its connection is another now, and makes room for one more
    /// hold, so that add() cannot fail.
    static void prepare(SessionRecord& record, std::uint64_t incarnation);

    /// The session's hold on `name`; null if it has none.
    [[nodiscard]] static std::shared_ptr<Hold> find(const SessionRecord& record,
                                                    const std::string& name);

    [[nodiscard]] static bool holds_nothing(const SessionRecord& record);

    /// True if `caller` took `name`, not for a transaction, through another session in a mode that
    /// excludes `mode`, and still holds it.
    [[nodiscard]] static bool held_by_caller(const SessionRecord& record, const std::string& name,
                                             Mode mode, std::size_t caller);

    /// Precondition: prepare() made room.
    static void add(SessionRecord& record, std::shared_ptr<Hold> hold) noexcept;

    /// One more lock object shares the hold.
    static void join(Hold& hold) noexcept;

    /// One share less; true if it was the last, and the hold is forgotten.
    static bool leave(SessionRecord& record, const std::shared_ptr<Hold>& hold) noexcept;

    /// The server does not hold it any more: the hold is forgotten, and gone for all who share it.
    static void forget(SessionRecord& record, const std::shared_ptr<Hold>& hold) noexcept;

    /// Forgets the transaction-level holds: no transaction is open.
    static void end_transaction(SessionRecord& record) noexcept;

    [[nodiscard]] static bool is_gone(const Hold& hold) noexcept;

    /// How many lock objects share the hold.
    [[nodiscard]] static unsigned count(const Hold& hold) noexcept;
};

}  // namespace dlock::detail
