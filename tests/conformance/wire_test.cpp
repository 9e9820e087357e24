// What is sent, counted on the wire.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"
#include "support/gate.hpp"

namespace dlock_test {

class Wire : public OnEachDatabase {
  protected:
    void SetUp() override {
        OnEachDatabase::SetUp();
        if (GetParam().is_sqlite() || GetParam().is_simulated()) {
            GTEST_SKIP() << "there is no wire";
        }
        gate_ = std::make_unique<Gate>(GetParam());
        session_ = gate_->database().open();
    }

    void TearDown() override { session_.reset(); }

    // True where a statement takes more than one round trip.
    [[nodiscard]] bool prepares_every_statement() const {
        return GetParam().is_odbc() && GetParam().is_mysql();
    }

    [[nodiscard]] long trips_of(const std::function<void()>& function) {
        const long before = gate_->round_trips();
        function();
        return gate_->round_trips() - before;
    }

    std::unique_ptr<Gate> gate_;
    std::unique_ptr<soci::session> session_;
};
DLOCK_ON_EACH_DATABASE(Wire);

TEST_P(Wire, making_a_lock_sends_nothing) {
    EXPECT_EQ(trips_of([&] {
                  (void)make_lock(*session_, key_);
                  (void)dlock::capabilities(*session_);
              }),
              0);
}

TEST_P(Wire, an_uncontended_lock_takes_one_round_trip_to_acquire_and_one_to_release) {
    if (prepares_every_statement()) {
        GTEST_SKIP() << "MariaDB's ODBC driver prepares and closes every statement";
    }
    const auto lock = make_lock(*session_, key_);
    EXPECT_EQ(trips_of([&] { EXPECT_TRUE(lock->try_lock()); }), 1);
    EXPECT_EQ(trips_of([&] { EXPECT_TRUE(lock->verify()); }), 1);
    EXPECT_EQ(trips_of([&] { lock->release(); }), 1);
    EXPECT_EQ(trips_of([&] { lock->lock(); }), 1);
    EXPECT_EQ(trips_of([&] { lock->unlock(); }), 1);
    EXPECT_EQ(trips_of([&] { EXPECT_TRUE(lock->try_lock_for(1s)); }), 1);
    EXPECT_EQ(trips_of([&] { lock->close(); }), 1);
}

TEST_P(Wire, a_busy_try_takes_one_round_trip) {
    if (prepares_every_statement()) {
        GTEST_SKIP() << "MariaDB's ODBC driver prepares and closes every statement";
    }
    const auto holder = lock_b();
    holder->lock();
    const auto lock = make_lock(*session_, key_);
    EXPECT_EQ(trips_of([&] { EXPECT_FALSE(lock->try_lock()); }), 1);
}

TEST_P(Wire, a_wait_sends_at_most_one_and_two_for_each_slice) {
    if (prepares_every_statement()) {
        GTEST_SKIP() << "MariaDB's ODBC driver prepares and closes every statement";
    }
    const auto holder = lock_b();
    holder->lock();
    for (const bool in_transaction : {false, true}) {
        if (in_transaction) {
            begin(*session_);
        }
        const auto lock = make_lock(*session_, key_, {.slice = 200ms});
        // One slice, and 1 + 2 * ceil(500 / 200) = 7 in several.
        EXPECT_LE(trips_of([&] { EXPECT_FALSE(lock->try_lock_for(100ms)); }), 3);
        EXPECT_LE(trips_of([&] { EXPECT_FALSE(lock->try_lock_for(500ms)); }), 7);
    }
}

TEST_P(Wire, a_wait_that_is_granted_sends_two_statements) {
    if (prepares_every_statement()) {
        GTEST_SKIP() << "MariaDB's ODBC driver prepares and closes every statement";
    }
    const auto holder = lock_b();
    holder->lock();
    const auto lock = make_lock(*session_, key_);
    const long trips = trips_of([&] {
        auto waiting = in_thread([&] { return lock->try_lock_for(30s); });
        wait_for_waiters(*holder, 1);
        holder->release();
        EXPECT_TRUE(waiting.get());
    });
    EXPECT_EQ(trips, 2);
}

}  // namespace dlock_test
