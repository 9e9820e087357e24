// MySQL handles that are closed in the middle of a non-blocking call.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <vector>

namespace dlock_test {
namespace {

std::vector<Column> mysql_columns() {
    std::vector<Column> found;
    for (const Column& column : columns_without_roads()) {
        if (column.is_mysql() && column.is_native()) {
            found.push_back(column);
        }
    }
    return found;
}

}  // namespace

class AsioMysql : public AsioTest {
  protected:
    void SetUp() override {
        AsioTest::SetUp();
        holder_ = lock_b();
        holder_->lock();
    }
    void TearDown() override {
        if (holder_ != nullptr) {
            holder_->release();
            EXPECT_TRUE(eventually([&] { return view().holders(holder_->actual_key()) == 0; }));
            holder_.reset();
        }
    }

    // Calls `end` a few times while a statement on the session is suspended.
    template <class End>
    void suspended(End end) {
        for (int i = 0; i < 20; ++i) {
            auto session = GetParam().open();
            auto lock = dlock::create_lock(*session, key_, {.local_queue = false});
            Answer answer;
            dlock::async_acquire(*lock, dlock::forever, only_to(answer));
            if (i % 2 == 0) {
                // In the wait, most likely; else in the try, or before it.
                io_.restart();
                io_.run_for(std::chrono::milliseconds(i));
            }
            end(session, lock);
            io_.restart();
            io_.poll();
            lock.reset();
            run_until(answer);
            EXPECT_EQ(answer.calls, 1);
            EXPECT_FALSE(answer.held);
        }
    }

    std::unique_ptr<dlock::BaseLock> holder_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AsioMysql);
INSTANTIATE_TEST_SUITE_P(Asio, AsioMysql, testing::ValuesIn(mysql_columns()),
                         [](const auto& info) { return info.param.test_name(); });

TEST_P(AsioMysql, the_lock_goes_first) {
    suspended([](auto&, auto& lock) { lock.reset(); });
}

TEST_P(AsioMysql, the_session_is_closed) {
    suspended([](auto& session, auto&) { session->close(); });
}

TEST_P(AsioMysql, the_session_is_reconnected) {
    suspended([](auto& session, auto&) { session->reconnect(); });
}

TEST_P(AsioMysql, the_session_is_closed_and_another_is_opened) {
    std::vector<std::unique_ptr<soci::session>> others;
    suspended([&](auto& session, auto&) {
        session->close();
        others.push_back(GetParam().open());
    });
}

TEST_P(AsioMysql, a_connection_that_reconnects_by_itself_is_used_on_other_threads) {
    const Database& database = GetParam();
    soci::session session(database.url + " reconnect=1");
    const auto lock = dlock::create_lock(session, key_, with_helper());
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, to(answer));
    run_until_waiting(*lock);
    signal_.emit(net::cancellation_type::total);
    run_until(answer);
    EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
}

}  // namespace dlock_test
