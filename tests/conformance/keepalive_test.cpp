// Keepalive on request: what both sides have afterwards.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace dlock_test {

class Keepalives : public OnEachDatabase {
  protected:
    void SetUp() override {
        if (GetParam().is_simulated() || GetParam().road == Road::async) {
            GTEST_SKIP() << "has no connection, or is the same on the other road";
        }
        OnEachDatabase::SetUp();
    }

    static int option(int socket, int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        EXPECT_EQ(getsockopt(socket, level, name, &value, &size), 0);
        return value;
    }
    std::string setting(const std::string& name) {
        std::string value;
        *a_ << "show " << name, soci::into(value);
        return value;
    }
};
DLOCK_ON_EACH_DATABASE(Keepalives);

TEST_P(Keepalives, are_set_on_both_sides_as_far_as_they_can) {
    const dlock::Keepalive done = dlock::set_keepalive(*a_, 20s);
    EXPECT_EQ(done.client, GetParam().is_native() && !GetParam().is_sqlite());
    EXPECT_EQ(done.server, GetParam().is_postgresql());
    const auto lock = dlock::create_lock(*a_, key_);
    if (done.client) {
        const int socket = lock->descriptor();
        EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
        EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPIDLE), 10);
        EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPINTVL), 3);
        EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_KEEPCNT), 3);
        EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT), 20000);
    }
    if (done.server) {
        EXPECT_EQ(setting("tcp_keepalives_idle"), "10");
        EXPECT_EQ(setting("tcp_keepalives_interval"), "3");
        EXPECT_EQ(setting("tcp_keepalives_count"), "3");
        EXPECT_EQ(setting("tcp_user_timeout"), "20000");
        EXPECT_EQ(setting("client_connection_check_interval"), "10s");
    }
    lock->lock();
    lock->release();
}

TEST_P(Keepalives, take_two_seconds_at_least_and_any_length) {
    EXPECT_EQ(thrown([&] { (void)dlock::set_keepalive(*a_, 1999ms); }),
              dlock::errc::invalid_option);
    EXPECT_EQ(thrown([&] { (void)dlock::set_keepalive(*a_, -1s); }), dlock::errc::invalid_option);
    (void)dlock::set_keepalive(*a_, 2s);
    (void)dlock::set_keepalive(*a_, dlock::Duration::max());
}

TEST_P(Keepalives, of_a_closed_session_are_an_error) {
    a_->close();
    EXPECT_EQ(thrown([&] { (void)dlock::set_keepalive(*a_, 20s); }), dlock::errc::session_lost);
}

TEST_P(Keepalives, do_not_touch_a_transaction) {
    if (!GetParam().is_postgresql() || GetParam().is_odbc()) {
        GTEST_SKIP() << "nothing is sent, or the client does not know of the transaction";
    }
    begin(*a_);
    EXPECT_TRUE(dlock::set_keepalive(*a_, 20s).server);
    EXPECT_ANY_THROW(*a_ << "select 1/0");
    EXPECT_EQ(thrown([&] { (void)dlock::set_keepalive(*a_, 20s); }),
              dlock::errc::transaction_failed);
    rollback(*a_);
}

}  // namespace dlock_test
