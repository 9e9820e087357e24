// What is measured: each database, over each way that leads to it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"
#include "support/server_view.hpp"

#include <dlock/dlock.hpp>

#include <optional>
#include <string>
#include <vector>

namespace dlock_bench {

struct Target {
    dlock_test::Database database;
    /// "TCP", "unix socket", or "file" for SQLite.
    std::string way;

    [[nodiscard]] std::string name() const { return database.name + ", " + way; }
};

/// Every database over TCP, and over a unix socket where scripts/servers left one.
[[nodiscard]] std::vector<Target> targets();

/// A SOCI connection string with the parameter `name` set to `value`, or removed if that is empty.
[[nodiscard]] std::string with_parameter(const std::string& url, const std::string& name,
                                         const std::string& value);
[[nodiscard]] std::string parameter_of(const std::string& url, const std::string& name);

/// Tells whether a session waits for the key in the server, by whatever statement.
class WaiterProbe {
  public:
    explicit WaiterProbe(const dlock_test::Database& database)
        : database_(database), view_(database) {}

    /// Sessions that wait for `key` in the server. Not on SQLite.
    [[nodiscard]] int waiters(const dlock::ActualKey& key);

    /// Waits until `count` sessions wait for `key`; on SQLite, until the thread `tid` of this
    /// process sleeps. Throws after 20 seconds.
    void wait_for(const dlock::ActualKey& key, int count, int tid);

  private:
    const dlock_test::Database& database_;
    dlock_test::ServerView view_;
};

}  // namespace dlock_bench
