// A pgbouncer of the test's own in front of a database.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <sys/types.h>

#include <memory>
#include <string>

namespace dlock_test {

class Pgbouncer {
  public:
    /// Starts one with this pool_mode. Precondition: the database is PostgreSQL by its own client.
    Pgbouncer(const Database& database, const std::string& mode);
    ~Pgbouncer();
    Pgbouncer(const Pgbouncer&) = delete;
    Pgbouncer& operator=(const Pgbouncer&) = delete;

    [[nodiscard]] static bool is_installed();
    [[nodiscard]] const std::string& mode() const { return mode_; }
    /// The database by way of it.
    [[nodiscard]] const Database& database() const { return database_; }

    /// A session, as soon as it takes connections; nullptr if it does not start.
    [[nodiscard]] std::unique_ptr<soci::session> open_session() const;

  private:
    [[nodiscard]] bool start(const std::string& url, int port);

    Database database_;
    std::string mode_;
    std::string folder_;
    pid_t pid_ = 0;
};

/// A port of loopback that nobody listens on now; 0 if there is none.
[[nodiscard]] int free_port();

}  // namespace dlock_test
