// A database server in memory, for tests: it plays the locks of PostgreSQL, MySQL, MariaDB, SQL
// Server and Oracle behind a SOCI backend of its own.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>
#include <dlock/session_traits.hpp>
#include <dlock/world.hpp>

#include <soci/soci-backend.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dlock::testing {

class ServerModel;

/// What goes wrong with one statement.
enum class Fault {
    none,
    /// The connection is cut before the server has read the statement.
    lost_request,
    /// The connection is cut after the server has executed the statement.
    lost_reply,
    /// The server ends the session before it executes the statement.
    killed_before,
    /// The server ends the session after the statement, which succeeds.
    killed_after,
    /// Somebody ends the statement on the server as it begins (KILL QUERY, pg_cancel_backend).
    cancelled,
    /// The statement is granted a lock that it waited for, and ended all the same: what
    /// PostgreSQL does when a time limit or a cancel comes at the moment of the grant. Has no
    /// effect on a statement that did not wait, and none on the other databases.
    ended_after_grant,
};

/// How a simulated server behaves.
struct Behaviour {
    /// As SessionTraits::server_version(); 0 for a current one.
    int version = 0;
    /// SQL Server's protocol as Babelfish speaks it, whose return codes differ.
    bool babelfish = false;
    /// MySQL's and the others' own detection of deadlocks: how long after a wait has begun it is
    /// looked for. Negative: the product's own (MySQL at once, PostgreSQL 1 s, SQL Server 5 s,
    /// Oracle 3 s).
    std::chrono::nanoseconds deadlock_timeout{-1};
    /// The counter that fencing tokens are drawn from is there.
    bool fencing_schema = true;
    /// The clock that sessions and server live by; null for the real one.
    World* world = nullptr;
    /// Asked for each statement before it is sent; null for no faults.
    std::function<Fault(std::int64_t session, std::string_view sql)> fault{};
    /// How long a statement travels, and its answer; null for no time.
    std::function<std::chrono::nanoseconds()> latency{};
    /// After a cut the server ends the session only when this time has passed.
    std::chrono::nanoseconds notices_cut_after{0};
};

/// One server. Sessions are opened through SOCI:
///
///     dlock::testing::SimulatedServer server(dlock::Product::oracle);
///     soci::session sql(server.factory(), "");
///     auto lock = dlock::create_lock(sql, "key");
///
/// It knows the statements that locks send, the control of transactions and a little more, and
/// answers everything else with an error that says "unknown SQL", in a syntax error's or an unknown
/// function's code where PostgreSQL, MySQL or MariaDB is played. It does not store data but the
/// counter of fencing tokens, check logins or parse what the real servers accept beyond that.
///
/// Thread safety: all functions may be called from any thread; sessions as SOCI's sessions. The
/// server must outlive its sessions.
class SimulatedServer {
  public:
    explicit SimulatedServer(Product product, Behaviour behaviour = {});
    ~SimulatedServer();
    SimulatedServer(const SimulatedServer&) = delete;
    SimulatedServer& operator=(const SimulatedServer&) = delete;

    /// Opens sessions on this server; the connection string is not read.
    [[nodiscard]] const soci::backend_factory& factory() const noexcept;

    [[nodiscard]] Product product() const noexcept;

    /// The number of a session that factory() opened.
    [[nodiscard]] static std::int64_t session_id(soci::session& session);

    /// Ends the session, as KILL and pg_terminate_backend do.
    void terminate(std::int64_t session);
    /// Ends the statement that the session runs, as KILL QUERY and pg_cancel_backend do.
    void cancel(std::int64_t session);
    /// Ends all sessions. New ones can be opened at once, and the fencing tokens go on.
    void restart();

    /// How many sessions hold the lock, and wait for it, in any mode.
    [[nodiscard]] int holders(const ActualKey& key) const;
    [[nodiscard]] int waiters(const ActualKey& key) const;
    /// True if the session has the lock, in any mode.
    [[nodiscard]] bool holds(std::int64_t session, const ActualKey& key) const;
    /// True if the session waits for a lock.
    [[nodiscard]] bool waits(std::int64_t session) const;
    /// How many locks the session has, and how many all sessions.
    [[nodiscard]] int locks_of(std::int64_t session) const;
    [[nodiscard]] int locks() const;
    [[nodiscard]] bool has_session(std::int64_t session) const;
    /// How many sessions are open. Those whose connection was cut are, until the server notices.
    [[nodiscard]] int sessions() const;
    /// A number that is the same for equal states of the lock table.
    [[nodiscard]] std::uint64_t digest() const;

  private:
    std::unique_ptr<ServerModel> model_;
};

/// Registers the SOCI backend "simulator", so that programs which take their database as a URL can
/// be tested: `simulator://postgresql`, `mysql`, `mariadb`, `mssql` or `oracle`. Each names one
/// server of this process, which lives by the real clock and has no faults.
void register_backend();

/// The server behind such a URL, made at the first call.
[[nodiscard]] SimulatedServer& server_of(const std::string& name);

}  // namespace dlock::testing
