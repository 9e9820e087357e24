// A TCP relay between a client and a server that counts round trips.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace dlock_test {

/// Listens on loopback and passes everything on to the database's server.
///
/// A round trip is counted when the client sends after the server has answered, or first: however
/// many segments a request is cut into, it is one.
class Relay {
  public:
    /// Precondition: the URL has "host=..." (an IPv4 address) and "port=...".
    explicit Relay(const Database& database);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    /// The database by way of the relay.
    [[nodiscard]] const Database& database() const { return database_; }
    [[nodiscard]] long round_trips() const { return round_trips_.load(); }
    /// Nothing is passed on any more, in either direction.
    void stall() { stalled_ = true; }

  private:
    void serve(int client);

    Database database_;
    int listener_;
    int server_port_;
    std::atomic<long> round_trips_{0};
    std::atomic<bool> stop_{false};
    std::atomic<bool> stalled_{false};
    std::vector<std::thread> connections_;
    std::thread acceptor_;
};

}  // namespace dlock_test
