// One client of a schedule: takes and gives back locks, and checks what it is told.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "explore/believers.hpp"
#include "explore/fencing_tokens.hpp"
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
    FencingTokens tokens{};
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

    /// Called after every step of anybody.
    void look();

  private:
    using Clock = std::chrono::steady_clock;

    using Lock = std::unique_ptr<dlock::BaseLock>;

    void connect();
    void one_turn();
    void pooled_turn();
    void take(const std::string& key, bool is_inner);
    void hold(dlock::BaseLock& lock, dlock::Mode mode);
    void take_again(dlock::BaseLock& lock, dlock::Mode mode);
    void lose_by_hand(const dlock::BaseLock& lock);
    void release(Lock lock);
    void give_back(Lock& lock);
    [[nodiscard]] bool acquire(dlock::BaseLock& lock, dlock::Mode mode);
    void believe(dlock::BaseLock& lock, dlock::Mode mode);
    void check_token(const dlock::BaseLock& lock, dlock::Mode mode);
    void check_refusal(const dlock::BaseLock& lock, const dlock::LockError* error);
    void check_session(const dlock::LockError* error);
    [[nodiscard]] bool session_works();
    void check_transaction();
    void begin_transaction();
    void end_transaction();
    void count(const dlock::LockError& error);
    [[nodiscard]] dlock::LockOptions draw_options();
    [[nodiscard]] dlock::Mode draw_mode(const dlock::BaseLock& lock);
    [[nodiscard]] bool chance(unsigned percent) { return stage_.world.random(100) < percent; }
    [[nodiscard]] bool transaction_has_failed() const;
    [[nodiscard]] bool server_has_session() const;
    [[nodiscard]] bool server_holds(const dlock::BaseLock& lock) const {
        return server_holds(lock.actual_key());
    }
    [[nodiscard]] bool server_holds(const dlock::ActualKey& key) const;
    void say(const std::string& text) { stage_.trace(number_, text); }
    void violation(const std::string& text) { stage_.violation(number_, text); }

    Stage& stage_;
    int number_;
    std::uint64_t place_ = 0;
    std::unique_ptr<soci::session> own_;
    // The own session, or that of a pool.
    soci::session* sql_ = nullptr;
    std::int64_t session_ = 0;
    bool in_transaction_ = false;
    // What is being acquired, and whether anybody has held it since that began.
    std::optional<dlock::ActualKey> watched_;
    bool was_held_ = false;
    // What a lock told its hook last.
    std::optional<dlock::LockError> told_;
};

}  // namespace dlock_test
