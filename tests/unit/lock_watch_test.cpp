// What a lock that is watched keeps of its connection: nothing, once it is not held.
// SPDX-License-Identifier: BSL-1.0
#include "fake_driver.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace dlock::detail {
namespace {

class LockWatch : public testing::Test {
  protected:
    LockWatch() {
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0);
        fake.driver.connection = ends_[0];
        fake.driver.tells_end = true;
        fake.lock.on_lost([this](const LockError&) { ++told; });
    }
    ~LockWatch() override {
        ::close(ends_[1]);
        if (is_open_) {
            ::close(ends_[0]);
        }
    }

    // The client library closes its connection; true if that ends it for the server, as soon as the
    // watcher's poll() has returned.
    bool ends_with_its_client() {
        ::close(ends_[0]);
        is_open_ = false;
        pollfd server{.fd = ends_[1], .events = POLLIN, .revents = 0};
        constexpr int patience = 10000;  // milliseconds
        char byte = 0;
        return poll(&server, 1, patience) == 1 && recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
    }

    FakeLock fake;
    int told = 0;

  private:
    std::array<int, 2> ends_{};
    bool is_open_ = true;
};

TEST_F(LockWatch, nothing_after_an_acquire_that_failed) {
    fake.driver.on_execute = [](const Statement&) { return answer(Verdict::busy); };
    EXPECT_FALSE(fake.lock.try_lock());
    EXPECT_TRUE(ends_with_its_client());
    EXPECT_EQ(told, 0);
}

TEST_F(LockWatch, nothing_after_a_release) {
    EXPECT_TRUE(fake.lock.try_lock());
    fake.lock.release();
    EXPECT_TRUE(ends_with_its_client());
    EXPECT_EQ(told, 0);
}

TEST_F(LockWatch, nothing_after_a_loss) {
    EXPECT_TRUE(fake.lock.try_lock());
    fake.driver.on_execute = [](const Statement&) { return answer(Verdict::not_held); };
    EXPECT_FALSE(fake.lock.verify());
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(ends_with_its_client());
    EXPECT_TRUE(fake.lock.lost_token().stop_requested());
}

}  // namespace
}  // namespace dlock::detail
