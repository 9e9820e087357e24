// Processes that contend for a key.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"
#include "support/ledger.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace dlock_bench {

/// Runs the tests' worker program; those that still run at the end are killed.
class Workers {
  public:
    Workers(const dlock_test::Database& database, std::string key);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Starts one more, in a mode of the worker program ("loop", "hold").
    void add(const char* mode, std::chrono::microseconds hold);
    /// Waits until all are ready. Throws after 60 seconds.
    void wait_until_ready();
    /// Kills the first one with SIGKILL and does not wait for its end.
    void kill_first();
    /// Waits for the end of all. Throws if one has failed.
    void wait_for_end();

    [[nodiscard]] dlock_test::Ledger& ledger() { return ledger_; }

  private:
    std::string url_;
    std::string key_;
    std::string path_;
    dlock_test::Ledger ledger_;
    std::vector<pid_t> pids_;
};

}  // namespace dlock_bench
