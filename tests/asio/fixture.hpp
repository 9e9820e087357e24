// One case of asynchronous locks, run on every database.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/fixture.hpp"

#include <dlock/asio.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace dlock_test {

namespace net = boost::asio;
using boost::system::error_code;

/// What handlers were called with.
struct Answer {
    std::atomic<int> calls{0};
    error_code error;
    bool held = false;

    [[nodiscard]] bool came() const { return calls != 0; }
    [[nodiscard]] auto handler() {
        return [this](error_code with, bool now_held = false) {
            error = with;
            held = now_held;
            ++calls;
        };
    }
    [[nodiscard]] bool was_aborted() const {
        return calls == 1 && error == net::error::operation_aborted && !held;
    }
};

/// Two sessions, a key, and an event loop that runs in the test's own thread.
class AsioTest : public OnEachDatabase {
  protected:
    [[nodiscard]] std::unique_ptr<dlock::BaseLock> lock_a(dlock::LockOptions options = {}) {
        return dlock::create_lock(*a_, key_, std::move(options));
    }
    [[nodiscard]] std::unique_ptr<dlock::BaseLock> lock_b(dlock::LockOptions options = {}) {
        return dlock::create_lock(*b_, key_, std::move(options));
    }

    /// As OnEachDatabase::wait_for_waiters(): somebody else runs the loop.
    void wait_for_waiters(const dlock::BaseLock& lock, int count) {
        if (!GetParam().is_sqlite()) {
            ASSERT_TRUE(eventually([&] { return view().waiters(lock.actual_key()) == count; }));
        }
    }

    /// Runs the loop until the condition holds.
    void run_until(const std::function<bool()>& condition) {
        ASSERT_TRUE(eventually([&] {
            io_.restart();
            io_.poll();
            return condition();
        }));
    }
    void run_until(const Answer& answer) {
        run_until([&] { return answer.came(); });
    }
    /// Runs the loop until so many sessions wait in the server. SQLite has none to ask: there the
    /// loop runs as long as it has something to do at once.
    void run_until_waiting(const dlock::BaseLock& lock, int count = 1) {
        if (GetParam().is_sqlite()) {
            io_.restart();
            io_.poll();
            return;
        }
        run_until([&] { return view().waiters(lock.actual_key()) == count; });
    }

    /// A handler for `answer` that runs in the loop and can be cancelled.
    [[nodiscard]] auto to(Answer& answer) {
        return net::bind_executor(io_,
                                  net::bind_cancellation_slot(signal_.slot(), answer.handler()));
    }
    /// As above; it cannot be cancelled.
    [[nodiscard]] auto only_to(Answer& answer) { return net::bind_executor(io_, answer.handler()); }

    [[nodiscard]] dlock::LockOptions with_helper(dlock::LockOptions options = {}) {
        options.helper_session = [this] { return GetParam().open(); };
        return options;
    }

    /// The session a_ holds nothing and is usable; `holder` is alone, and gives the lock back.
    void expect_clean(dlock::BaseLock& lock, dlock::BaseLock& holder) {
        EXPECT_FALSE(lock.locked());
        EXPECT_EQ(view().holders(holder.actual_key()), 1);
        expect_usable();
        holder.release();
        EXPECT_TRUE(is_free()) << "a lock was left behind";
        EXPECT_TRUE(lock.try_lock()) << "the lock cannot be used again";
        lock.release();
    }
    void expect_usable() {
        int one = 0;
        *a_ << "select 1", soci::into(one);
        EXPECT_EQ(one, 1);
    }

    net::io_context io_;
    net::cancellation_signal signal_;
};

/// Each database once: the cases say themselves what is asynchronous.
[[nodiscard]] inline std::vector<Column> columns_without_roads() {
    std::vector<Column> all;
    for (const Database& database : databases()) {
        all.push_back({database, Road::blocking});
    }
    return all;
}

#define DLOCK_ASIO_ON_EACH_DATABASE(Suite)                                                        \
    INSTANTIATE_TEST_SUITE_P(Asio, Suite, testing::ValuesIn(dlock_test::columns_without_roads()), \
                             [](const auto& info) { return info.param.test_name(); })

}  // namespace dlock_test
