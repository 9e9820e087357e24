// Locks on sessions leased from a pool.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

namespace dlock_test {

class Pool : public OnEachDatabase {
  protected:
    void SetUp() override {
        OnEachDatabase::SetUp();
        for (std::size_t i = 0; i < size; ++i) {
            pool_.at(i).open(GetParam().url);
        }
    }

    static constexpr std::size_t size = 2;
    soci::connection_pool pool_{size};
};
DLOCK_ON_EACH_DATABASE(Pool);

TEST_P(Pool, the_lock_owns_its_lease_and_gives_it_back) {
    for (int i = 0; i < 5; ++i) {
        const auto first = make_lock(pool_, key_);
        const auto second = make_lock(pool_, key_);
        first->lock();
        EXPECT_FALSE(second->try_lock());
        std::size_t position = 0;
        EXPECT_FALSE(pool_.try_lease(position, 0));
    }
    EXPECT_TRUE(is_free());
}

TEST_P(Pool, the_next_user_inherits_no_lock) {
    { make_lock(pool_, key_)->lock(); }
    EXPECT_TRUE(is_free());
    make_lock(pool_, key_)->lock();
    EXPECT_TRUE(is_free());
}

TEST_P(Pool, the_next_user_inherits_no_lock_of_a_guard) {
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    { make_lock(pool_, key_)->lock(); }
    {
        const dlock::ScopedLock guard(pool_, key_, {.timeout = 1s});
        EXPECT_FALSE(is_free());
    }
    EXPECT_TRUE(is_free());
    const dlock::ScopedLock first(pool_, key_, {.timeout = 0s});
    EXPECT_EQ(thrown([&] { const dlock::ScopedLock guard(pool_, key_, {.timeout = 0s}); }),
              dlock::errc::timed_out);
}

TEST_P(Pool, a_dead_connection_that_was_found_before_the_release_is_reconnected_as_well) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    {
        const auto lock = make_lock(pool_, key_);
        lock->lock();
        view().terminate(view().session_id(pool_.at(0)));
        EXPECT_TRUE(eventually([&] { return is_free(); }));
        EXPECT_FALSE(lock->verify());
        EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    }
    int one = 0;
    pool_.at(0) << "select 1", soci::into(one);
    EXPECT_EQ(one, 1);
}

TEST_P(Pool, a_lease_with_a_dead_connection_is_reconnected) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    {
        const auto lock = make_lock(pool_, key_);
        lock->lock();
        view().terminate(view().session_id(pool_.at(0)));
        EXPECT_TRUE(eventually([&] { return is_free(); }));
    }
    for (std::size_t i = 0; i < size; ++i) {
        int one = 0;
        pool_.at(i) << "select 1", soci::into(one);
        EXPECT_EQ(one, 1);
    }
}

TEST_P(Pool, transaction_locks_are_refused) {
    EXPECT_EQ(thrown([&] { (void)make_lock(pool_, key_, {.xact = true}); }),
              dlock::errc::invalid_option);
}

}  // namespace dlock_test
