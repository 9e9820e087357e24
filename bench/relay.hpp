// A TCP relay that counts what a client asks of its server.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <atomic>
#include <list>
#include <string>
#include <thread>

namespace dlock_bench {

/// Listens on loopback and passes everything on to a server and back.
///
/// It counts round trips: each time the client begins to send after the server has answered. What
/// the client sends in several pieces without an answer in between is one.
class Relay {
  public:
    /// Precondition: the database's URL has a host and a port.
    explicit Relay(const dlock_test::Database& database);
    /// Precondition: the clients have closed their connections.
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// The database, through the relay.
    [[nodiscard]] dlock_test::Database database() const;
    [[nodiscard]] long long round_trips() const { return round_trips_; }

  private:
    void accept_all();
    void pass_on(int client);
    [[nodiscard]] int connect_to_server() const;

    dlock_test::Database server_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<long long> round_trips_{0};
    std::list<std::jthread> connections_;
    std::jthread acceptor_;
};

}  // namespace dlock_bench
