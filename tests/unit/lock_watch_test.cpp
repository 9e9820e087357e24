// How a lock that is watched uses its session, and that it keeps nothing of the connection.
// SPDX-License-Identifier: BSL-1.0
#include "ends_late.hpp"
#include "fake_driver.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <thread>

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

    void close_by_client() {
        ::close(ends_[0]);
        is_open_ = false;
    }

    // True if the connection has ended for the server, as soon as the watcher's poll() has
    // returned.
    bool server_sees_the_end() {
        pollfd server{.fd = ends_[1], .events = POLLIN, .revents = 0};
        constexpr int patience = 10000;  // milliseconds
        char byte = 0;
        return poll(&server, 1, patience) == 1 && recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
    }

    bool ends_with_its_client() {
        close_by_client();
        return server_sees_the_end();
    }

    FakeLock fake;
    std::atomic<int> told = 0;
    std::array<int, 2> ends_{};

  private:
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

// To the server the session would live, and be granted what its waiter has given up.
TEST_F(LockWatch, nothing_once_another_lock_has_found_the_connection_lost) {
    fake.driver.id = number_of_socket(fake.driver.connection);
    FakeLock other({}, Key("other"), fake.driver.handle());
    other.driver.id = fake.driver.id;
    EXPECT_TRUE(fake.lock.try_lock());
    other.driver.on_execute = [&](const Statement&) {
        // As libmariadb does when a statement takes too long.
        fake.driver.id = other.driver.id = 0;
        close_by_client();
        Reply reply;
        reply.failed = reply.connection_lost = true;
        return reply;
    };
    EXPECT_THROW((void)other.lock.try_lock(), LockError);
    EXPECT_TRUE(server_sees_the_end());
    EXPECT_FALSE(fake.lock.verify());
    EXPECT_EQ(told, 1);
}

TEST(LockWatchQuestion, ends_a_connection_that_it_finds_lost_for_the_server) {
    using namespace std::chrono_literals;
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    FakeLock fake({.verify_interval = 20ms});
    fake.driver.connection = ends[0];
    fake.driver.id = number_of_socket(ends[0]);
    fake.driver.on_execute = [&](const Statement& statement) {
        Reply reply = answer(Verdict::granted);
        if (statement.purpose == Purpose::verify) {
            fake.driver.id = 0;
            ::close(ends[0]);
            reply.failed = reply.connection_lost = true;
        }
        return reply;
    };
    EXPECT_TRUE(fake.lock.try_lock());
    pollfd server{.fd = ends[1], .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&server, 1, 10000), 1) << "to the server the session lives";
    EXPECT_THROW(fake.lock.release(), LockError);
    ::close(ends[1]);
}

// Its connection lives on in another soci::session, and so do the locks that were made there.
TEST_F(LockWatch, a_session_that_was_moved_away_ends_nothing) {
    fake.driver.id = number_of_socket(fake.driver.connection);
    FakeLock moved({}, Key("other"), fake.driver.handle());
    moved.driver.id = fake.driver.id;
    EXPECT_TRUE(moved.lock.try_lock());
    EXPECT_TRUE(fake.lock.try_lock());
    moved.driver.is_attached = false;
    moved.driver.id = 0;
    EXPECT_THROW(moved.lock.release(), LockError);
    pollfd server{.fd = ends_[1], .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&server, 1, 0), 0);
    EXPECT_TRUE(fake.lock.verify());
    fake.lock.release();
    EXPECT_TRUE(ends_with_its_client());
}

// The client library has noticed the end, or reconnected, before anybody asked to be told.
TEST(LockWatchTooLate, of_a_session_that_has_changed_the_loss_is_told_at_once) {
    FakeLock fake;
    fake.driver.tells_end = true;
    int told = 0;
    const auto count = [&](const LockError& error) {
        EXPECT_EQ(error.which(), errc::lock_lost);
        ++told;
    };
    EXPECT_TRUE(fake.lock.try_lock());
    fake.driver.id = 0;
    fake.lock.on_lost(count);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(fake.lock.state(), BaseLock::State::lost);
    EXPECT_TRUE(fake.lock.lost_token().stop_requested());
    EXPECT_THROW(fake.lock.release(), LockError);
    EXPECT_EQ(told, 1);

    FakeLock other;
    other.driver.tells_end = true;
    EXPECT_TRUE(other.lock.try_lock());
    other.driver.id = 2;
    EXPECT_TRUE(other.lock.lost_token().stop_requested());
}

TEST(LockWatchTooLate, of_a_loss_that_was_told_the_server_is_not_asked_again) {
    using namespace std::chrono_literals;
    FakeLock fake({.verify_interval = 20ms});
    fake.driver.id = 0;  // as by ODBC
    fake.driver.on_execute = [](const Statement& statement) {
        return answer(statement.purpose == Purpose::verify ? Verdict::not_held : Verdict::granted);
    };
    EXPECT_TRUE(fake.lock.try_lock());
    while (fake.lock.state() != BaseLock::State::lost) {
        std::this_thread::yield();
    }
    const std::size_t before = fake.driver.sent.size();
    try {
        (void)fake.lock.try_lock();
        ADD_FAILURE() << "no error";
    } catch (const LockError& error) {
        EXPECT_EQ(error.which(), errc::lock_lost);
    }
    EXPECT_EQ(fake.driver.sent.size(), before);
}

TEST(LockWatchTooLate, what_the_handler_throws_is_swallowed) {
    FakeLock fake;
    fake.driver.tells_end = true;
    EXPECT_TRUE(fake.lock.try_lock());
    fake.driver.id = 0;
    const auto throws = [](const LockError&) { throw 1; };
    EXPECT_NO_THROW(fake.lock.on_lost(throws));
    EXPECT_NO_THROW(fake.lock.on_lost(throws)) << "of a loss that is known";
}

TEST(LockWatchOfAnother, a_question_on_the_session_is_waited_for_before_its_socket_is_asked_for) {
    using namespace std::chrono_literals;
    const char session = 0;
    std::promise<void> entered;
    std::promise<void> leave;
    std::atomic<bool> left{false};
    FakeLock asked({.verify_interval = 40ms}, Key("asked"), &session);
    asked.driver.on_execute = [&](const Statement& statement) {
        if (statement.purpose == Purpose::verify && !left) {
            entered.set_value();
            leave.get_future().wait();
            left = true;
        }
        return answer(statement.purpose == Purpose::verify    ? Verdict::held
                      : statement.purpose == Purpose::release ? Verdict::released
                                                              : Verdict::granted);
    };
    FakeLock late({}, Key("late"), &session);
    late.driver.tells_end = true;
    EXPECT_TRUE(late.lock.try_lock());
    EXPECT_TRUE(asked.lock.try_lock());
    entered.get_future().wait();
    EndsLate question(leave);
    late.lock.on_lost([](const LockError&) {});
    EXPECT_TRUE(left);
    question.waiter_has_returned();
}

// A question, say, which hangs as long as the network is silent.
TEST(LockWatchOfAnother, a_stop_ends_the_wait_for_the_session) {
    using namespace std::chrono_literals;
    const char session = 0;
    std::promise<void> entered;
    std::promise<void> leave;
    std::atomic<bool> left{false};
    FakeLock asked({}, Key("asked"), &session);
    FakeLock late({}, Key("late"), &session);
    auto turn = std::async(std::launch::async, [&] {
        asked.driver.on_execute = [&](const Statement& statement) {
            if (statement.purpose == Purpose::release) {
                return answer(Verdict::released);
            }
            entered.set_value();
            leave.get_future().wait();
            left = true;
            return answer(Verdict::granted);
        };
        return asked.lock.try_lock();
    });
    entered.get_future().wait();
    std::stop_source stop;
    auto waiting = std::async(std::launch::async, [&] {
        try {
            (void)late.lock.acquire(forever, stop.get_token());
        } catch (const LockError& error) {
            return error.which();
        }
        return errc{};
    });
    stop.request_stop();
    EXPECT_EQ(waiting.get(), errc::cancelled);
    EXPECT_FALSE(left);
    EXPECT_TRUE(late.driver.sent.empty());
    leave.set_value();
    EXPECT_TRUE(turn.get());
}

}  // namespace
}  // namespace dlock::detail
