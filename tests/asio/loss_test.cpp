// Servers that end sessions or fall silent while an operation is under way.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"
#include "support/gate.hpp"

#include <vector>

namespace dlock_test {

class AsioLoss : public AsioTest {
  protected:
    void SetUp() override {
        if (GetParam().is_sqlite()) {
            GTEST_SKIP() << "there is no server";
        }
        AsioTest::SetUp();
    }

    // Dead ones, which outlive their locks.
    std::vector<std::unique_ptr<soci::session>> sessions_;
};
DLOCK_ASIO_ON_EACH_DATABASE(AsioLoss);

TEST_P(AsioLoss, a_session_that_is_killed_ends_the_wait) {
    const auto holder = lock_b();
    holder->lock();
    for (const bool cancellable : {false, true}) {
        const long long id = view().session_id(*a_);
        const auto lock = lock_a(with_helper());
        Answer answer;
        if (cancellable) {
            dlock::async_acquire(*lock, dlock::forever, to(answer));
        } else {
            dlock::async_acquire(*lock, dlock::forever, only_to(answer));
        }
        run_until_waiting(*lock);
        view().terminate(id);
        run_until(answer);
        EXPECT_EQ(answer.calls, 1);
        EXPECT_EQ(answer.error, dlock::errc::session_lost) << answer.error.message();
        EXPECT_FALSE(answer.held);
        EXPECT_FALSE(lock->locked());
        run_until_waiting(*holder, 0);
        sessions_.push_back(std::exchange(a_, GetParam().open()));
    }
    run_until_waiting(*holder, 0);
    holder->release();
    EXPECT_TRUE(is_free());
}

TEST_P(AsioLoss, a_lock_that_is_lost_is_found_by_verify_and_release) {
    const auto lock = lock_a();
    lock->lock();
    view().terminate(view().session_id(*a_));
    ASSERT_TRUE(eventually([&] { return view().holders(lock->actual_key()) == 0; }));
    Answer verified;
    dlock::async_verify(*lock, only_to(verified));
    run_until(verified);
    EXPECT_FALSE(verified.held);
    EXPECT_FALSE(verified.error) << verified.error.message();
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::lost);
    Answer released;
    dlock::async_release(*lock, only_to(released));
    run_until(released);
    EXPECT_EQ(released.error, dlock::errc::lock_lost) << released.error.message();
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::unlocked);
}

TEST_P(AsioLoss, a_wait_that_is_cancelled_on_the_server_goes_on) {
    const auto holder = lock_b();
    holder->lock();
    const long long id = view().session_id(*a_);
    const auto lock = lock_a();
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, only_to(answer));
    for (int i = 0; i < 3; ++i) {
        run_until_waiting(*lock);
        view().cancel(id);
    }
    run_until_waiting(*lock);
    EXPECT_EQ(answer.calls, 0);
    holder->release();
    run_until(answer);
    EXPECT_TRUE(answer.held) << answer.error.message();
    EXPECT_TRUE(lock->verify());
}

TEST_P(AsioLoss, a_server_that_is_silent_after_a_cancel_loses_the_session) {
    if (!GetParam().is_native()) {
        GTEST_SKIP()
            << "a pool thread waits for the statement's own end: no cancel to be silent about";
    }
    const auto holder = lock_b();
    holder->lock();
    std::unique_ptr<soci::session> gated;
    {
        Gate gate(GetParam());
        gated = gate.database().open();
        const auto lock = dlock::create_lock(*gated, key_, with_helper());
        Answer answer;
        dlock::async_acquire(*lock, dlock::forever, to(answer));
        run_until_waiting(*holder);
        gate.cut(Gate::Ending::silence);
        const auto start = std::chrono::steady_clock::now();
        signal_.emit(net::cancellation_type::total);
        run_until(answer);
        EXPECT_GE(std::chrono::steady_clock::now() - start, 4s);
        EXPECT_EQ(answer.calls, 1);
        EXPECT_EQ(answer.error, dlock::errc::session_lost) << answer.error.message();
        EXPECT_FALSE(answer.held);
        EXPECT_EQ(lock->last_error()->which(), dlock::errc::session_lost);
        EXPECT_EQ(thrown([&] { lock->lock(); }), dlock::errc::session_changed);
    }
    holder->release();
    EXPECT_TRUE(eventually([&] { return view().holders(holder->actual_key()) == 0; }));
}

}  // namespace dlock_test
