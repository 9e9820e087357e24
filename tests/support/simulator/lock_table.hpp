// The lock table of one simulated server. Written without a look at the library's own ideas of
// which modes exclude each other: it is what those are tested against.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/options.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

namespace dlock::testing {

using SessionId = std::int64_t;

/// A lock that a session has, as often as it took it.
struct Grant {
    SessionId session = 0;
    Mode mode = Mode::exclusive;
    /// Lasts until the end of the transaction.
    bool xact = false;
    /// When in the transaction it was taken: rolling back to an earlier savepoint takes it away.
    std::int64_t order = 0;
};

/// A request that waits. Its owner keeps it alive until withdraw().
struct Request {
    SessionId session = 0;
    Mode mode = Mode::exclusive;
    bool xact = false;
    std::int64_t order = 0;
    bool granted = false;
    /// Called when it is granted.
    std::function<void()> on_grant{};
};

/// Not thread-safe: the server's mutex guards it.
class LockTable {
  public:
    /// Grants the request if nothing is in its way: no other session's lock that conflicts and,
    /// unless the session has the lock already, no earlier request that conflicts.
    [[nodiscard]] bool take(const std::string& name, const Request& request);

    /// True if a request for the mode conflicts with one that waits.
    [[nodiscard]] bool is_wanted(const std::string& name, Mode mode) const;
    /// True if somebody waits for what the session has of this lock and has himself what the
    /// session asks for: PostgreSQL sees that before it puts a request into the queue.
    [[nodiscard]] bool crosses(const std::string& name, SessionId session, Mode mode) const;

    /// Puts the request at the end of the queue.
    void wait(const std::string& name, Request& request);
    /// Takes it out of the queue.
    void withdraw(const std::string& name, Request& request);

    /// Gives one grant back; false if the session has none of this kind.
    bool release(const std::string& name, SessionId session, Mode mode, bool xact);
    /// Gives back all that the session has, and takes its requests out of the queues.
    void forget(SessionId session);
    /// Gives back all for which `gone` is true.
    void release_if(const std::function<bool(const Grant&)>& gone);

    [[nodiscard]] std::vector<Grant> grants(const std::string& name) const;
    [[nodiscard]] std::vector<SessionId> waiters(const std::string& name) const;
    [[nodiscard]] bool is_waiting(SessionId session) const;
    [[nodiscard]] int count_of(SessionId session) const;
    /// True if what the session waits for is, over others that wait, what it has itself.
    [[nodiscard]] bool in_deadlock(SessionId session) const;
    /// The same, unless another order of one queue opens the cycle: PostgreSQL changes it then.
    [[nodiscard]] bool in_deadlock_for_good(SessionId session);
    /// All grants, with the names of the locks.
    void for_each(const std::function<void(const std::string&, const Grant&)>& visit) const;
    /// All requests that wait.
    void for_each_waiting(
        const std::function<void(const std::string&, const Request&)>& visit) const;
    /// A number that is the same for equal states.
    [[nodiscard]] std::uint64_t digest() const;

  private:
    struct Resource {
        std::vector<Grant> grants;
        std::list<Request*> queue;
    };
    static bool conflicts_with_grants(const Resource& resource, const Request& request);
    static bool may_go(const Resource& resource, const Request& request);
    static void promote(Resource& resource);
    static bool has(const Resource& resource, SessionId session);
    std::vector<SessionId> blockers(SessionId session) const;

    std::map<std::string, Resource> resources_;
};

/// True if the databases let two sessions have the lock in these modes at once.
[[nodiscard]] bool compatible(Mode one, Mode other);

}  // namespace dlock::testing
