// A process under test: started with pipes, watched, ended.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dlock_test {

struct Start {
    std::vector<std::string> words{};
    /// Added to the environment; an empty value removes the variable.
    std::map<std::string, std::string> environment{};
    /// Ignored by the new process, as after nohup.
    std::vector<int> ignored_signals{};
    /// Closed in the new process.
    std::vector<int> closed_descriptors{};
    /// A process group of its own.
    bool own_group = false;
};

struct Result {
    /// As a shell has it: 128 plus the number of the signal that ended it.
    int exit_code = -1;
    std::string out{};
    std::string err{};
};

/// Whoever reads from the process's standard input is blocked until close_input(), or until the
/// test's own process ends: commands that wait end with the test, whatever happens.
class Program {
  public:
    explicit Program(const Start& start);
    /// Kills the process if it runs.
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    [[nodiscard]] pid_t id() const { return id_; }
    void send(int signal) const;
    void send_to_group(int signal) const;
    void close_input();

    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;
    /// Waits until standard output holds `text`.
    [[nodiscard]] bool says(const std::string& text) const;

    /// Waits for the end. An exit code of -1: it has not ended in time.
    [[nodiscard]] Result wait(std::chrono::seconds limit = std::chrono::seconds(30));
    [[nodiscard]] bool ended();

  private:
    pid_t id_ = -1;
    int input_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::optional<int> exit_code_{};
};

/// Starts, closes the input, waits.
[[nodiscard]] Result run(const Start& start);

/// True if the process exists and is not a zombie.
[[nodiscard]] bool alive(pid_t process);

/// The state letter of /proc/<pid>/stat; '-' if there is no such process.
[[nodiscard]] char state_of(pid_t process);

/// The number after `name` in `text` ("pid 123").
[[nodiscard]] pid_t number_after(const std::string& text, const std::string& name);

}  // namespace dlock_test
