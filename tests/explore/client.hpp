// One client of a schedule: takes and gives back locks, and checks what it is told.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "explore/believers.hpp"
#include "explore/schedule.hpp"

#include <dlock/dlock.hpp>
#include <dlock/testing/simulator.hpp>
#include <dlock/testing/virtual_world.hpp>

#include <soci/soci.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dlock_test {

/// What the clients of a schedule share.
struct Stage {
    const Setting& setting;
    dlock::testing::VirtualWorld& world;
    dlock::testing::SimulatedServer& server;
    Tally& tally;
    Believers believers{};
    std::vector<std::string> violations{};

    void violation(int client, const std::string& text);
    void trace(int client, const std::string& text) const;
};

class Client {
  public:
    Client(Stage& stage, int number);

    /// The client's whole life.
    void run();

    /// What it does now, as a number.
    [[nodiscard]] std::uint64_t place() const noexcept { return place_; }

  private:
    using Clock = std::chrono::steady_clock;

    void connect();
    void one_turn();
    void take(const std::string& key, bool is_inner);
    void hold(dlock::BaseLock& lock);
    void release(dlock::BaseLock& lock);
    [[nodiscard]] bool acquire(dlock::BaseLock& lock);
    void believe(dlock::BaseLock& lock);
    void check_refusal(const dlock::BaseLock& lock, const dlock::LockError* error);
    void check_session(const dlock::LockError* error);
    void check_transaction();
    void begin_transaction();
    void end_transaction();
    void count(const dlock::LockError& error);
    [[nodiscard]] dlock::LockOptions draw_options();
    [[nodiscard]] bool chance(unsigned percent) { return stage_.world.random(100) < percent; }
    [[nodiscard]] bool transaction_has_failed() const;
    [[nodiscard]] bool server_has_session() const;
    [[nodiscard]] bool server_holds(const dlock::BaseLock& lock) const;
    void say(const std::string& text) { stage_.trace(number_, text); }
    void violation(const std::string& text) { stage_.violation(number_, text); }

    Stage& stage_;
    int number_;
    std::uint64_t place_ = 0;
    std::unique_ptr<soci::session> sql_;
    std::int64_t session_ = 0;
    bool in_transaction_ = false;
};

}  // namespace dlock_test
