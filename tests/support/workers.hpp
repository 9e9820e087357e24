// Processes that contend for a key, and the ledger in which they stand.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"
#include "support/ledger.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace dlock_test {

/// Worker processes; killed at the end if they still run.
class Workers {
  public:
    /// `program` is the path of dlock_test_worker.
    Workers(std::string program, const Database& database, std::string key);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// Starts one more; the modes are those of worker.cpp.
    void add(const char* mode, std::chrono::microseconds hold);

    /// Lets all run until together they were granted `grants` times; true if all ended well.
    [[nodiscard]] bool run_until(long long grants,
                                 std::chrono::milliseconds limit = std::chrono::seconds(400));

    [[nodiscard]] long long total() const;
    [[nodiscard]] Ledger& ledger() { return ledger_; }
    [[nodiscard]] pid_t pid(std::size_t worker) const { return pids_[worker]; }

  private:
    std::string program_;
    std::string url_;
    std::string key_;
    std::string path_;
    Ledger ledger_;
    std::vector<pid_t> pids_;
};

}  // namespace dlock_test
