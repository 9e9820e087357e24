// What Behaviour::fault does with a statement.
// SPDX-License-Identifier: BSL-1.0
#include "simulator/support.hpp"

#include <optional>

namespace dlock_test {
namespace {

class Faults : public testing::Test {
  protected:
    /// Sends `sql` on b with the fault.
    Failed with(Fault fault, const std::string& sql) {
        next_ = fault;
        return failure_of(*b_, sql);
    }

    const dlock::ActualKey key_{std::int64_t{7}};
    VirtualWorld world_{1};
    Fault next_ = Fault::none;
    SimulatedServer server_{
        Product::postgresql,
        {.world = &world_,
         .fault = [this](std::int64_t,
                         std::string_view) { return std::exchange(next_, Fault::none); },
         .notices_cut_after = 50ms}};
    std::unique_ptr<soci::session> a_ = open(server_);
    std::unique_ptr<soci::session> b_ = open(server_);
};

TEST_F(Faults, ALostRequestIsNotExecuted) {
    run(world_, [&] {
        EXPECT_TRUE(with(Fault::lost_request, "select pg_advisory_lock(7)").connection_lost);
        EXPECT_EQ(server_.locks(), 0);
        EXPECT_TRUE(with(Fault::none, "select 1").connection_lost);
    });
}

TEST_F(Faults, ALostReplyWasExecutedAndTheServerNoticesLater) {
    run(world_, [&] {
        EXPECT_TRUE(with(Fault::lost_reply, "select pg_advisory_lock(7)").connection_lost);
        EXPECT_EQ(server_.holders(key_), 1);
        EXPECT_FALSE(server_.has_session(id_of(*b_)));
        EXPECT_EQ(server_.sessions(), 2);
        const auto start = world_.now();
        *a_ << "select pg_advisory_lock(7)";
        EXPECT_EQ(world_.now() - start, 50ms);
        EXPECT_EQ(server_.sessions(), 1);
    });
}

TEST_F(Faults, KilledBeforeIsNotExecuted) {
    run(world_, [&] {
        EXPECT_TRUE(with(Fault::killed_before, "select pg_advisory_lock(7)").connection_lost);
        EXPECT_EQ(server_.locks(), 0);
        EXPECT_EQ(server_.sessions(), 1);
    });
}

TEST_F(Faults, KilledAfterSucceedsAndFreesTheLock) {
    run(world_, [&] {
        EXPECT_TRUE(with(Fault::killed_after, "select pg_advisory_lock(7)").nothing_thrown);
        EXPECT_EQ(server_.locks(), 0);
        EXPECT_TRUE(with(Fault::none, "select 1").connection_lost);
    });
}

TEST_F(Faults, CancelledEndsTheStatementAlone) {
    run(world_, [&] {
        EXPECT_EQ(with(Fault::cancelled, "select pg_advisory_lock(7)").sqlstate, "57014");
        EXPECT_EQ(server_.locks(), 0);
        EXPECT_TRUE(with(Fault::none, "select pg_advisory_lock(7)").nothing_thrown);
    });
}

TEST_F(Faults, EndedAfterTheGrantLeavesTheLock) {
    world_.spawn([&] {
        *a_ << "select pg_advisory_lock(7)";
        world_.sleep_for(30ms);
        *a_ << "select pg_advisory_unlock(7)";
    });
    run(world_, [&] {
        world_.sleep_for(10ms);
        EXPECT_EQ(with(Fault::ended_after_grant, "select pg_advisory_lock(7)").sqlstate, "57014");
        EXPECT_TRUE(server_.holds(id_of(*b_), key_));
    });
}

TEST_F(Faults, EndedAfterTheGrantHasNoEffectWithoutAWait) {
    run(world_, [&] {
        EXPECT_TRUE(with(Fault::ended_after_grant, "select pg_advisory_lock(7)").nothing_thrown);
        EXPECT_TRUE(with(Fault::ended_after_grant, "select 1").nothing_thrown);
    });
}

TEST_F(Faults, MariadbAnswersACancelledWaitWithNull) {
    SimulatedServer server(Product::mariadb, {.world = &world_});
    const auto a = open(server);
    const auto b = open(server);
    world_.spawn([&] {
        EXPECT_EQ(ask(*a, "select get_lock('k', 0)"), 1);
        world_.sleep_for(10ms);
        server.cancel(id_of(*b));
    });
    run(world_, [&] {
        world_.sleep_for(5ms);
        EXPECT_EQ(ask(*b, "select get_lock('k', 10)"), -1);
    });
}

TEST_F(Faults, StatementsTravel) {
    SimulatedServer server(Product::mysql, {.world = &world_, .latency = [] { return 3ms; }});
    const auto a = open(server);
    run(world_, [&] {
        const auto start = world_.now();
        EXPECT_EQ(ask(*a, "select get_lock('k', 0)"), 1);
        EXPECT_EQ(world_.now() - start, 6ms);
    });
}

}  // namespace
}  // namespace dlock_test
