// Shared locks, and the refusal of what a database cannot do.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

namespace dlock_test {

class Modes : public OnEachDatabase {};
DLOCK_ON_EACH_DATABASE(Modes);

TEST_P(Modes, shared_holders_go_together_and_exclude_exclusive_ones) {
    if (!has_shared()) {
        GTEST_SKIP() << "no shared mode";
    }
    const auto reader = lock_a({.shared = true});
    const auto other_reader = lock_b({.mode = dlock::Mode::shared});
    const auto session = GetParam().open();
    const auto writer = make_lock(*session, key_);
    EXPECT_TRUE(reader->try_lock());
    EXPECT_TRUE(other_reader->try_lock());
    EXPECT_FALSE(writer->try_lock());
    reader->release();
    EXPECT_FALSE(writer->try_lock_for(20ms));
    other_reader->release();
    EXPECT_TRUE(writer->try_lock());
    EXPECT_FALSE(reader->try_lock());
}

TEST_P(Modes, lock_shared_is_shared_whatever_the_options_say) {
    const auto first = lock_a();
    const auto second = lock_b();
    if (!has_shared()) {
        EXPECT_EQ(thrown([&] { first->lock_shared(); }), dlock::errc::not_supported);
        EXPECT_EQ(thrown([&] { (void)first->try_lock_shared_for(1s); }),
                  dlock::errc::not_supported);
        EXPECT_TRUE(first->try_lock());
        return;
    }
    first->lock_shared();
    EXPECT_TRUE(second->try_lock_shared_for(1s));
    EXPECT_TRUE(first->verify());
    first->unlock_shared();
    second->unlock_shared();
    EXPECT_TRUE(is_free());
}

TEST_P(Modes, an_exclusive_wait_is_granted_when_the_last_reader_leaves) {
    if (!has_shared()) {
        GTEST_SKIP() << "no shared mode";
    }
    const auto reader = lock_a({.shared = true});
    const auto writer = lock_b();
    reader->lock();
    auto waiting = in_thread([&] { return writer->try_lock_for(30s); });
    wait_for_waiters(*reader, 1);
    reader->release();
    EXPECT_TRUE(waiting.get());
}

TEST_P(Modes, another_mode_on_the_same_session_is_refused) {
    if (!has_shared()) {
        GTEST_SKIP() << "no shared mode";
    }
    const dlock::LockOptions counted{.reentrancy = dlock::Reentrancy::counted};
    const auto reader = lock_a({.shared = true, .reentrancy = dlock::Reentrancy::counted});
    const auto writer = lock_a(counted);
    reader->lock();
    EXPECT_EQ(thrown([&] { (void)writer->try_lock(); }), dlock::errc::already_locked);
    EXPECT_TRUE(reader->verify());
}

TEST_P(Modes, what_the_database_cannot_do_is_refused_at_construction) {
    const auto refused = [&](dlock::LockOptions options, const std::string& option) {
        try {
            (void)lock_a(std::move(options));
            ADD_FAILURE() << "not refused: " << option;
        } catch (const dlock::LockError& error) {
            EXPECT_EQ(error.code(), std::errc::not_supported);
            const std::string text = error.what();
            EXPECT_NE(text.find(option), std::string::npos) << text;
            EXPECT_NE(text.find(dlock::capabilities(*a_).database), std::string::npos) << text;
        }
    };
    if (!has_shared()) {
        refused({.shared = true}, "shared");
    }
    if (!has_xact()) {
        refused({.xact = true}, "xact");
    }
    for (const auto mode :
         {dlock::Mode::update, dlock::Mode::intent_shared, dlock::Mode::intent_exclusive,
          dlock::Mode::shared_intent_exclusive, dlock::Mode::null}) {
        if (!dlock::capabilities(*a_).modes.contains(mode)) {
            refused({.mode = mode}, "mode");
        }
    }
}

TEST_P(Modes, options_that_make_no_sense_are_refused_at_construction) {
    EXPECT_EQ(thrown([&] { (void)lock_a({.poll_interval = 0ms}); }), dlock::errc::invalid_option);
    EXPECT_EQ(thrown([&] { (void)lock_a({.poll_jitter = 1.5}); }), dlock::errc::invalid_option);
    EXPECT_EQ(thrown([&] { (void)lock_a({.slice = -1s}); }), dlock::errc::invalid_option);
    if (has_shared()) {
        EXPECT_EQ(thrown([&] { (void)lock_a({.shared = true, .mode = dlock::Mode::exclusive}); }),
                  dlock::errc::invalid_option);
    }
}

}  // namespace dlock_test
