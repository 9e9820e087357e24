// Simulated servers in real time, with threads.
// SPDX-License-Identifier: BSL-1.0
#include "simulator/support.hpp"

#include <future>
#include <thread>

namespace dlock_test {
namespace {

class RealTime : public testing::Test {
  protected:
    RealTime() { *a_ << "select pg_advisory_lock(7)"; }

    /// Sends the statement from a thread of its own, and returns when the session waits.
    std::future<Failed> wait_in_thread(const std::string& sql) {
        auto answer = std::async(std::launch::async, [this, sql] { return failure_of(*b_, sql); });
        while (!server_.waits(id_of(*b_))) {
            std::this_thread::yield();
        }
        EXPECT_EQ(server_.waiters(key_), 1);
        return answer;
    }

    const dlock::ActualKey key_{std::int64_t{7}};
    SimulatedServer server_{Product::postgresql};
    std::unique_ptr<soci::session> a_ = open(server_);
    std::unique_ptr<soci::session> b_ = open(server_);
};

TEST_F(RealTime, AWaiterIsGrantedTheLock) {
    auto answer = wait_in_thread("select pg_advisory_lock(7)");
    EXPECT_EQ(ask(*a_, "select pg_advisory_unlock(7)"), 1);
    EXPECT_TRUE(answer.get().nothing_thrown);
    EXPECT_TRUE(server_.holds(id_of(*b_), key_));
    EXPECT_FALSE(server_.holds(id_of(*a_), key_));
    EXPECT_FALSE(server_.waits(id_of(*b_)));
}

TEST_F(RealTime, AWaiterTimesOut) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(failure_of(*b_, "set lock_timeout = 20; select pg_advisory_lock(7)").sqlstate,
              "55P03");
    EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
    EXPECT_EQ(server_.waiters(key_), 0);
}

TEST_F(RealTime, AWaiterIsCancelled) {
    auto answer = wait_in_thread("select pg_advisory_lock(7)");
    server_.cancel(id_of(*b_));
    EXPECT_EQ(answer.get().sqlstate, "57014");
    EXPECT_EQ(ask(*b_, "select 1"), 1);
}

TEST_F(RealTime, AWaiterIsTerminated) {
    auto answer = wait_in_thread("select pg_advisory_lock(7)");
    server_.terminate(id_of(*b_));
    EXPECT_TRUE(answer.get().connection_lost);
    EXPECT_FALSE(server_.has_session(id_of(*b_)));
    EXPECT_EQ(server_.waiters(key_), 0);
    EXPECT_TRUE(failure_of(*b_, "select 1").connection_lost);
}

TEST_F(RealTime, TheHolderIsTerminated) {
    auto answer = wait_in_thread("select pg_advisory_lock(7)");
    server_.terminate(id_of(*a_));
    EXPECT_TRUE(answer.get().nothing_thrown);
    EXPECT_TRUE(server_.holds(id_of(*b_), key_));
}

TEST_F(RealTime, ARestartEndsAllSessions) {
    auto answer = wait_in_thread("select pg_advisory_lock(7)");
    server_.restart();
    EXPECT_TRUE(answer.get().connection_lost);
    EXPECT_TRUE(failure_of(*a_, "select 1").connection_lost);
    EXPECT_EQ(server_.sessions(), 0);
    EXPECT_EQ(server_.locks(), 0);
    EXPECT_EQ(ask(*open(server_), "select pg_try_advisory_lock(7)"), 1);
}

TEST_F(RealTime, ADeadlockHasOneVictim) {
    SimulatedServer server(Product::postgresql, {.deadlock_timeout = 10ms});
    const auto a = open(server);
    const auto b = open(server);
    *a << "select pg_advisory_lock(1)";
    *b << "select pg_advisory_lock(2)";
    auto second = std::async(std::launch::async, [&] {
        const Failed failed = failure_of(*b, "select pg_advisory_lock(1)");
        *b << "select pg_advisory_unlock_all()";
        return failed;
    });
    const Failed first = failure_of(*a, "select pg_advisory_lock(2)");
    *a << "select pg_advisory_unlock_all()";
    EXPECT_NE(first.nothing_thrown, second.get().nothing_thrown);
}

TEST_F(RealTime, SessionsOfManyThreadsExcludeEachOther) {
    SimulatedServer server(Product::mysql);
    int value = 0;  // not atomic: the lock guards it, and ThreadSanitizer watches
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            const auto session = open(server);
            for (int round = 0; round < 50; ++round) {
                ASSERT_EQ(ask(*session, "select get_lock('k', 10)"), 1);
                ++value;
                ASSERT_EQ(ask(*session, "select release_lock('k')"), 1);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(value, 200);
}

}  // namespace
}  // namespace dlock_test
