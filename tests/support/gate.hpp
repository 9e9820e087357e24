// A TCP gate between a client and a server: counts what passes, and cuts, delays or silences it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <random>
#include <string>
#include <thread>

namespace dlock_test {

/// Listens on loopback and passes everything on to the database's server, until it is told to
/// interfere.
///
/// A round trip is counted when the client sends after the server has answered, or first: however
/// many segments a request is cut into, it is one.
class Gate {
  public:
    enum class Way { to_server, to_client };
    enum class Ending {
        /// Both connections are closed politely.
        fin,
        /// Both are reset.
        rst,
        /// Nothing is passed on any more and nothing is acknowledged, as if the cable were cut:
        /// only time-outs of their own tell the two ends. New connections are as silent.
        silence,
    };

    /// Precondition: the URL has "host=..." (an IPv4 address) and "port=...".
    explicit Gate(const Database& database);
    ~Gate();
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

    /// The database by way of the gate.
    [[nodiscard]] const Database& database() const { return database_; }
    [[nodiscard]] long round_trips() const { return round_trips_.load(); }
    /// How often cut_after() has come about.
    [[nodiscard]] long cuts() const { return cuts_.load(); }
    /// Bytes that were passed on.
    [[nodiscard]] long passed(Way way) const { return passed_[index(way)].load(); }

    /// Ends the connections that there are now.
    void cut(Ending ending);
    /// Ends the connection that carries the n-th byte from now in this direction, once that byte
    /// has been passed on. Zero: cut().
    void cut_after(Way way, long bytes, Ending ending);

    /// Takes cut_after() back, if that has not come about.
    void let_pass() { left_[0] = left_[1] = -1; }

    /// Each piece of data is held back for a time between half of `time` and one and a half, which
    /// the seed decides.
    void delay(std::chrono::milliseconds time, unsigned seed);
    /// Data is passed on in segments of one byte.
    void slow() { slow_ = true; }
    /// `change` is given what each new server connection says first. To be set before one is made.
    void on_greeting(std::function<void(std::string&)> change) { greeting_ = std::move(change); }

  private:
    struct Connection {
        int client = -1;
        int server = -1;
        std::mutex mutex;  // guards the two from being closed while they are cut
        std::atomic<bool> cut{false};
        std::atomic<Ending> ending{Ending::fin};
        std::thread thread;
    };

    static std::size_t index(Way way) { return way == Way::to_server ? 0 : 1; }
    void serve(Connection& connection);
    [[nodiscard]] bool pass(Connection& connection, Way way, bool first);
    [[nodiscard]] std::chrono::milliseconds next_delay();
    [[nodiscard]] bool send_all(int to, const char* data, std::size_t size) const;
    void cut(Connection& connection, Ending ending);
    void end(Connection& connection);

    Database database_;
    int listener_;
    int server_port_;
    std::atomic<long> round_trips_{0};
    std::atomic<long> cuts_{0};
    std::array<std::atomic<long>, 2> passed_{};
    // How many more bytes may pass; below zero: any number.
    std::array<std::atomic<long>, 2> left_{-1L, -1L};
    std::atomic<Ending> limit_ending_{Ending::fin};
    std::mutex random_mutex_;  // guards the delay and its numbers
    std::chrono::milliseconds delay_{0};
    std::minstd_rand random_;
    std::atomic<bool> slow_{false};
    std::atomic<bool> silent_{false};
    std::atomic<bool> stop_{false};
    std::function<void(std::string&)> greeting_;
    std::mutex mutex_;  // guards the list
    std::list<Connection> connections_;
    std::thread acceptor_;
};

/// The port in the database's connection string.
[[nodiscard]] int port_of(const Database& database);
void set_port(Database& database, int port);

}  // namespace dlock_test
