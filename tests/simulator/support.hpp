// What the simulator's tests share.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/dlock.hpp>
#include <dlock/testing/simulator.hpp>
#include <dlock/testing/virtual_world.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace dlock_test {

using namespace std::chrono_literals;
using dlock::Product;
using dlock::testing::Behaviour;
using dlock::testing::Fault;
using dlock::testing::SimulatedServer;
using dlock::testing::VirtualWorld;

[[nodiscard]] inline std::unique_ptr<soci::session> open(const SimulatedServer& server) {
    return std::make_unique<soci::session>(server.factory(), "");
}

[[nodiscard]] inline long long id_of(soci::session& session) {
    return SimulatedServer::session_id(session);
}

/// The first column of the first row; -1 for NULL, -2 for no row.
[[nodiscard]] inline long long ask(soci::session& session, const std::string& sql) {
    long long value = -2;
    soci::indicator indicator = soci::i_ok;
    session << sql, soci::into(value, indicator);
    return indicator == soci::i_null ? -1 : value;
}

struct Failed {
    int code = 0;
    std::string sqlstate{};
    bool connection_lost = false;
    bool nothing_thrown = false;
};

/// How the statement fails.
[[nodiscard]] inline Failed failure_of(soci::session& session, const std::string& sql) {
    try {
        session << sql;
    } catch (const std::exception& error) {
        const auto failure =
            dynamic_cast<dlock::SessionTraits&>(*session.get_backend()).failure(error);
        return {failure.native.code, failure.native.sqlstate, failure.connection_lost, false};
    }
    return {.nothing_thrown = true};
}

/// Runs `task` in the world as its only one, or with others that were spawned; all must end.
inline void run(VirtualWorld& world, std::function<void()> task) {
    world.spawn(std::move(task));
    ASSERT_TRUE(world.run());
}

}  // namespace dlock_test
