// The program on one database.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "program.hpp"
#include "support/databases.hpp"
#include "support/server_view.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace dlock_test {

/// Runs the program on a database of DLOCK_TEST_URLS, on SQLite, and ("default") without a URL.
class OnDatabase : public testing::TestWithParam<Database> {
  protected:
    OnDatabase();
    ~OnDatabase() override;

    /// `dlock run <options> <key> -- <command>` with the URL in the environment.
    [[nodiscard]] Start dlock(const std::vector<std::string>& options,
                              const std::vector<std::string>& command) const;
    /// The same with a shell command.
    [[nodiscard]] Start shell(const std::vector<std::string>& options,
                              const std::string& script) const;
    /// One try; its exit code.
    [[nodiscard]] int try_lock() const;
    /// Waits until nobody holds the lock.
    [[nodiscard]] bool becomes_free() const;
    /// Waits until the process waits for the lock, as far as its database can tell.
    [[nodiscard]] bool waits(pid_t program);
    /// The number of sessions that wait for the lock in the server.
    [[nodiscard]] int waiters();

    [[nodiscard]] bool is_server() const;
    [[nodiscard]] bool can_share() const { return !GetParam().is_mysql(); }
    [[nodiscard]] ServerView& view();
    [[nodiscard]] dlock::ActualKey actual_key();

    std::filesystem::path folder_;
    std::string key_;

  private:
    std::unique_ptr<ServerView> view_;
};

/// The databases, and the program's own default.
[[nodiscard]] std::vector<Database> cases();

[[nodiscard]] std::string name_of(const testing::TestParamInfo<Database>& info);

/// A command that says "started" and its process id, and ends with `exit_code` when its input is
/// closed.
[[nodiscard]] std::string until_input_ends(int exit_code = 0);

/// Waits until the shell sleeps in `read`: a signal before that runs its trap only after the read,
/// so a case would wait for ever.
[[nodiscard]] bool reads(pid_t shell);

}  // namespace dlock_test
