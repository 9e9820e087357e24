// A server that only this run uses, for faults that take the server itself.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/column.hpp"

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dlock_test {

class OwnServer {
  public:
    /// Starts one in a temporary folder; `product` as scripts/servers calls it. Throws
    /// NotApplicable if it cannot be had.
    explicit OwnServer(std::string product);
    ~OwnServer();
    OwnServer(const OwnServer&) = delete;
    OwnServer& operator=(const OwnServer&) = delete;

    /// The same column on this server.
    [[nodiscard]] Column column(const Column& like);

    /// Stops it in order and starts it again.
    void restart();
    /// All its processes are killed at once.
    void crash();
    /// SIGQUIT, PostgreSQL's immediate stop, and waits until it is gone.
    void stop_immediately();
    /// Starts it again after a crash or a stop.
    void start();
    /// Restarts PostgreSQL as a hot standby without a primary, or as a server again.
    void become_standby(bool standby);
    /// SIGSTOP and SIGCONT to all its processes.
    void pause();
    void resume();

  private:
    void run(const std::string& action) const;
    [[nodiscard]] std::vector<pid_t> processes() const;
    void signal_all(int number) const;
    void until_gone() const;

    std::string product_;
    std::string folder_;
    std::map<std::string, Database> databases_;
    std::map<std::string, Column> columns_;
};

}  // namespace dlock_test
