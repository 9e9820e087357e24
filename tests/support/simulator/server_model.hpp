// One simulated server: its sessions, its locks, and what every database does alike.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/lock_table.hpp"
#include "support/simulator/server_session.hpp"
#include "support/simulator/sql_rules.hpp"

#include <dlock/testing/simulator.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dlock::testing {

/// Thread safety: all functions may be called from any thread; those that take the lock say so.
class ServerModel {
  public:
    ServerModel(Product product, Behaviour behaviour);
    ~ServerModel();
    ServerModel(const ServerModel&) = delete;
    ServerModel& operator=(const ServerModel&) = delete;

    [[nodiscard]] Product product() const noexcept { return product_; }
    [[nodiscard]] const Behaviour& behaviour() const noexcept { return behaviour_; }
    [[nodiscard]] int version() const noexcept;
    [[nodiscard]] World& world() const noexcept;
    [[nodiscard]] const soci::backend_factory& factory() const noexcept { return *factory_; }

    [[nodiscard]] std::shared_ptr<ServerSession> connect();
    void disconnect(const std::shared_ptr<ServerSession>& session);

    /// Sends the statement over the session's connection, with the faults that are wanted.
    [[nodiscard]] ResultSet execute(ServerSession& session, const std::string& sql,
                                    Parameters& parameters);

    void terminate(SessionId id);
    void cancel(SessionId id);
    void restart();

    /// Runs `look` while nothing changes.
    template <class Function>
    auto look(Function look) const {
        const std::lock_guard lock(mutex_);
        return look(locks_, sessions_);
    }
    /// What the lock of a key is called in the table.
    [[nodiscard]] std::string name_of(const ActualKey& key) const;

    // For the rules of the databases; the lock is taken.
    /// The fencing token that was drawn last; null without the counter.
    [[nodiscard]] std::int64_t* fencing_counter() noexcept {
        return behaviour_.fencing_schema ? &fencing_token_ : nullptr;
    }
    [[nodiscard]] LockTable& locks() noexcept { return locks_; }
    [[nodiscard]] TimePoint now() const noexcept { return world().now(); }
    /// Waits for the lock. Releases the server's lock meanwhile.
    enum class Outcome { granted, granted_after_wait, timed_out, deadlock, cancelled };
    [[nodiscard]] Outcome wait(ServerSession& session, const std::string& name, Mode mode,
                               bool xact, TimePoint deadline);
    [[nodiscard]] ServerSession* find(SessionId id);
    void end(ServerSession& session);

  private:
    void travel() const;
    void cut(ServerSession& session);
    void end_those_cut();
    [[nodiscard]] TimePoint next_cut() const;
    Product product_;
    Behaviour behaviour_;
    std::unique_ptr<SqlRules> rules_;
    std::unique_ptr<soci::backend_factory> factory_;
    mutable std::mutex mutex_;
    LockTable locks_;
    std::map<SessionId, std::shared_ptr<ServerSession>> sessions_;
    SessionId next_id_ = 100;
    std::int64_t fencing_token_ = 0;
};

/// The SOCI backend of the server.
[[nodiscard]] std::unique_ptr<soci::backend_factory> make_factory(ServerModel& model);

}  // namespace dlock::testing
