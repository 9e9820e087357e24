// What the server itself says of locks and sessions; tests wait for it instead of sleeping.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <dlock/dlock.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dlock_test {

/// Polls `condition` until it holds; false after `limit`.
[[nodiscard]] bool eventually(const std::function<bool()>& condition,
                              std::chrono::milliseconds limit = std::chrono::seconds(20));

/// The administrator's look at one server. For SQLite, which has none, a second session looks.
class ServerView {
  public:
    explicit ServerView(const Database& database);

    /// Sessions that hold the key, in any mode (MySQL, SQLite: 0 or 1).
    [[nodiscard]] int holders(const dlock::ActualKey& key);
    /// How many of the keys the session with this number holds (PostgreSQL: or waits for), asked in
    /// one statement. Real servers only.
    [[nodiscard]] int holdings(long long session, const std::vector<dlock::ActualKey>& keys);
    /// Sessions that wait for the key in the server. Not on SQLite.
    [[nodiscard]] int waiters(const dlock::ActualKey& key);

    /// What differs once the session with this number has begun another statement. Real servers
    /// only.
    [[nodiscard]] std::string last_statement(long long session);

    /// The server's number of the session.
    [[nodiscard]] long long session_id(soci::session& session) const;
    /// Ends the session.
    void terminate(long long id);
    /// Ends the statement that the session runs.
    void cancel(long long id);

    /// A statement for something that the view does not have.
    [[nodiscard]] soci::session& sql() { return *admin_; }

  private:
    const Database& database_;
    std::unique_ptr<soci::session> admin_;
};

}  // namespace dlock_test
