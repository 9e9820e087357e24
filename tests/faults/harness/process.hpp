// A worker process with a lock, and what is done to it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/trial.hpp"

#include <sys/types.h>

#include <string>

namespace dlock_test {

class Process {
  public:
    /// Starts one and waits until its session is open; `environment` is set for it: "NAME=value".
    explicit Process(Trial& trial, const std::string& environment = {});
    /// Kills it, if it still runs.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// Its number in the history and the ledger.
    [[nodiscard]] int owner() const { return owner_; }

    /// The server's number of its session.
    [[nodiscard]] long long session_id() const { return session_id_; }

    void send(const std::string& command);
    /// The line that it answers with; throws Broken if none comes within `limit`.
    [[nodiscard]] std::string answer(std::chrono::milliseconds limit = 40s);
    [[nodiscard]] std::string call(const std::string& command);
    /// Takes the lock.
    void must_acquire();

    /// From now on the server may take its lock away.
    void may_be_dropped();
    /// Sends a signal; does not wait for anything.
    void signal(int number) const;
    /// SIGSTOP, and waits until it has stopped.
    void pause();
    void resume() const;
    /// SIGKILL, and waits until it is gone.
    void kill();
    /// Waits until it has ended by itself; its status as waitpid() gives it.
    int wait();

  private:
    [[nodiscard]] std::string next_line(std::chrono::milliseconds limit);

    Trial& trial_;
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    int owner_ = -1;
    long long session_id_ = 0;
    std::string unread_;
    std::string command_;    // the last one
    bool doubtful_ = false;  // whether the server has what the process believes in
};

}  // namespace dlock_test
