// Somebody who sees a server end.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/trial.hpp"

#include <future>
#include <memory>

namespace dlock_test {

/// A connection of its own, on which nothing is said, and a thread that waits until the server says
/// something there or ends it.
class Witness {
  public:
    /// Goes to the server itself, also where the database is reached by ODBC or a pooler.
    explicit Witness(const Database& database);
    ~Witness();
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    /// When that was. Waits for it; throws Broken if it does not come.
    [[nodiscard]] Clock::time_point first_sign();

  private:
    std::unique_ptr<soci::session> session_;
    int socket_;
    std::future<Clock::time_point> sign_;
};

}  // namespace dlock_test
