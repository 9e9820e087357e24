// The fencing token of a lock, on a session that a test answers for.
// SPDX-License-Identifier: BSL-1.0
#include "fake_driver.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

using State = BaseLock::State;
using Sent = std::vector<Purpose>;

const LockOptions fenced{.fencing = true};

template <class Function>
std::error_code error_of(Function function) {
    try {
        function();
    } catch (const LockError& error) {
        return error.code();
    }
    return {};
}

TEST(LockFencing, the_token_is_that_of_the_hold) {
    FakeLock fake(fenced);
    EXPECT_FALSE(fake.lock.fencing_token().has_value());
    EXPECT_TRUE(fake.lock.acquire());
    EXPECT_EQ(fake.lock.fencing_token(), 1);
    fake.lock.release();
    EXPECT_FALSE(fake.lock.fencing_token().has_value());
    EXPECT_TRUE(fake.lock.acquire());
    EXPECT_EQ(fake.lock.fencing_token(), 2);
    EXPECT_EQ(fake.driver.sent, (Sent{Purpose::try_acquire, Purpose::fence, Purpose::release,
                                      Purpose::try_acquire, Purpose::fence}));
}

TEST(LockFencing, it_is_told_while_the_lock_is_lost) {
    FakeLock fake(fenced);
    EXPECT_TRUE(fake.lock.acquire());
    fake.driver.is_attached = false;
    EXPECT_FALSE(fake.lock.verify());
    EXPECT_EQ(fake.lock.state(), State::lost);
    EXPECT_EQ(fake.lock.fencing_token(), 1);
    EXPECT_EQ(error_of([&] { fake.lock.release(); }), errc::lock_lost);
    EXPECT_FALSE(fake.lock.fencing_token().has_value());
}

TEST(LockFencing, an_acquire_without_a_token_holds_nothing_and_tells_what_the_server_said) {
    FakeLock fake(fenced);
    fake.driver.on_execute = [](const Statement& statement) {
        switch (statement.purpose) {
            case Purpose::fence:
                return answer(errc::no_fencing_schema);
            case Purpose::release:
                return answer(Verdict::released);
            default:
                return answer(Verdict::granted);
        }
    };
    EXPECT_EQ(error_of([&] { (void)fake.lock.acquire(); }), errc::no_fencing_schema);
    EXPECT_EQ(fake.lock.state(), State::unlocked);
    EXPECT_FALSE(fake.lock.fencing_token().has_value());
    EXPECT_EQ(fake.driver.sent, (Sent{Purpose::try_acquire, Purpose::fence, Purpose::release}));
    EXPECT_EQ(fake.lock.last_error()->native_code(), 77) << "of the draw, not of the release";
    EXPECT_FALSE(fake.driver.abandoned);
}

TEST(LockFencing, a_lock_that_cannot_be_given_back_without_a_token_closes_the_session) {
    FakeLock fake(fenced);
    fake.driver.on_execute = [](const Statement& statement) {
        return statement.purpose == Purpose::try_acquire ? answer(Verdict::granted)
                                                         : answer(errc::database_error);
    };
    EXPECT_EQ(error_of([&] { (void)fake.lock.acquire(); }), errc::session_lost);
    EXPECT_TRUE(fake.driver.abandoned);
    EXPECT_EQ(fake.lock.state(), State::unlocked);
}

TEST(LockFencing, out_of_memory_at_the_draw_closes_the_session) {
    FakeLock fake(fenced);
    fake.driver.on_execute = [](const Statement& statement) {
        return statement.purpose == Purpose::fence ? no_memory() : answer(Verdict::granted);
    };
    EXPECT_THROW((void)fake.lock.acquire(), std::bad_alloc);
    EXPECT_TRUE(fake.driver.abandoned);
    EXPECT_EQ(fake.lock.state(), State::unlocked);
}

TEST(LockFencing, counted_acquires_of_one_hold_share_its_token) {
    const int session = 0;
    FakeLock one({.reentrancy = Reentrancy::counted, .fencing = true}, Key("key"), &session);
    FakeLock two({.reentrancy = Reentrancy::counted, .fencing = true}, Key("key"), &session);
    FakeLock bare({.reentrancy = Reentrancy::counted}, Key("key"), &session);
    EXPECT_TRUE(one.lock.acquire());
    EXPECT_TRUE(one.lock.acquire());
    EXPECT_TRUE(two.lock.acquire());
    EXPECT_EQ(one.lock.fencing_token(), 1);
    EXPECT_EQ(two.lock.fencing_token(), 1);
    EXPECT_TRUE(two.driver.sent.empty());
    EXPECT_EQ(error_of([&] { (void)bare.lock.acquire(); }), errc::already_locked);
    one.lock.release();
    EXPECT_EQ(one.lock.fencing_token(), 1);
    one.lock.release();
    EXPECT_FALSE(one.lock.fencing_token().has_value());
    EXPECT_EQ(two.lock.fencing_token(), 1);
}

TEST(LockFencing, in_an_open_transaction_nothing_is_sent) {
    FakeLock fake(fenced);
    fake.driver.state = TransactionState::active;
    EXPECT_EQ(error_of([&] { (void)fake.lock.acquire(); }), errc::transaction_open);
    EXPECT_TRUE(fake.driver.sent.empty());
}

}  // namespace
}  // namespace dlock::detail
