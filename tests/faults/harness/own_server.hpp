// A server that only this run uses, for faults that take the server itself.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/column.hpp"

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
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

    /// By its own client (the product's name) or by ODBC ("postgresql-odbc").
    [[nodiscard]] const Database& database(const std::string& name) const {
        return databases_.at(name);
    }
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
    /// What `during` gives, which is called while all its processes stand still; that lasts for
    /// `time`.
    template <class Function>
    auto while_paused(Function during, std::chrono::milliseconds time) {
        const Pause pause(*this);
        auto result = during();
        std::this_thread::sleep_for(time);  // the fault itself
        return result;
    }

  private:
    class Pause {
      public:
        explicit Pause(const OwnServer& server) : server_(server) { server_.signal_all(SIGSTOP); }
        ~Pause() { server_.signal_all(SIGCONT); }
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;

      private:
        const OwnServer& server_;
    };

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
