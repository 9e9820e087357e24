// Stackful coroutines.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/spawn.hpp>

#include <exception>

namespace dlock_test {

class AsioSpawn : public AsioTest {};
DLOCK_ASIO_ON_EACH_DATABASE(AsioSpawn);

TEST_P(AsioSpawn, a_stackful_coroutine_waits_for_its_turn) {
    const auto holder = lock_b();
    const auto lock = lock_a();
    holder->lock();
    bool tried = false;
    bool ended = false;
    net::spawn(
        io_,
        [&](const net::yield_context& yield) {
            EXPECT_FALSE(dlock::async_try_acquire(*lock, yield));
            tried = true;
            EXPECT_TRUE(dlock::async_acquire(*lock, 60s, yield));
            error_code error;
            EXPECT_FALSE(dlock::async_acquire(*lock, 5s, yield[error]));
            EXPECT_EQ(error, dlock::errc::already_locked);
            dlock::async_release(*lock, yield);
            ended = true;
        },
        [](const std::exception_ptr& thrown) { EXPECT_EQ(thrown, nullptr); });
    run_until([&] { return tried; });
    run_until_waiting(*lock);
    holder->release();
    run_until([&] { return ended; });
    EXPECT_TRUE(is_free());
}

TEST_P(AsioSpawn, it_is_cancelled_through_its_slot) {
    const auto holder = lock_b();
    const auto lock = lock_a(with_helper());
    holder->lock();
    error_code error;
    bool ended = false;
    net::spawn(
        io_,
        [&](const net::yield_context& yield) {
            (void)dlock::async_acquire(*lock, dlock::forever, yield[error]);
            ended = true;
        },
        net::bind_cancellation_slot(signal_.slot(), net::detached));
    run_until_waiting(*lock);
    signal_.emit(net::cancellation_type::terminal);
    run_until([&] { return ended; });
    EXPECT_EQ(error, net::error::operation_aborted);
    expect_clean(*lock, *holder);
}

}  // namespace dlock_test
