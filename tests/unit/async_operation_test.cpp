// Asynchronous operations that end early, at each of their suspensions in turn.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

class AsyncEnds : public testing::TestWithParam<Scenario> {
  protected:
    // Calls `check` for each number of steps until one is enough for the whole operation.
    template <class Check>
    void at_every_step(Check check) {
        for (int n = 0; n < 60; ++n) {
            SCOPED_TRACE("step " + std::to_string(n));
            AsyncCase server(GetParam());
            AsyncLoop loop(server);
            loop.start();
            loop.run(n);
            const bool whole = loop.done();
            check(server, loop);
            if (whole || HasFailure()) {
                return;
            }
        }
        ADD_FAILURE() << "it never ends";
    }

    // Lock, server and operation agree.
    static void expect_truth(const AsyncCase& server, const AsyncLoop& loop) {
        ASSERT_TRUE(loop.done());
        EXPECT_EQ(server.held, loop.held() ? 1 : 0);
        EXPECT_EQ(server.fake->lock.locked(), loop.held());
        EXPECT_FALSE(loop.held() && loop.error());
    }
    // The session can go on.
    static void expect_usable(AsyncCase& server) {
        if (server.closed) {
            return;
        }
        static FakeDriver other;
        server.fake->driver.on_execute = other.on_execute;
        if (server.fake->lock.locked()) {
            server.fake->lock.release();
        }
        EXPECT_TRUE(server.fake->lock.try_lock());
    }
};

const Reply busy = answer(Verdict::busy);
const Reply granted = answer(Verdict::granted);

INSTANTIATE_TEST_SUITE_P(
    Unit, AsyncEnds,
    testing::Values(
        Scenario{.name = "granted_at_once", .answers = {granted}},
        Scenario{.name = "never_suspends", .answers = {busy, granted}, .suspensions = 0},
        Scenario{.name = "waits", .answers = {busy, granted}},
        Scenario{.name = "waits_in_slices", .answers = {busy, busy, busy, granted}},
        Scenario{
            .name = "no_canceller", .answers = {busy, busy, busy, granted}, .has_canceller = false},
        Scenario{.name = "queues", .answers = {busy, granted}, .queues = true},
        Scenario{
            .name = "polls", .answers = {busy, busy, granted}, .strategy = WaitStrategy::polling},
        Scenario{.name = "polls_after_queueing",
                 .answers = {busy, busy, granted},
                 .strategy = WaitStrategy::polling,
                 .queues = true},
        Scenario{.name = "fails", .answers = {answer(errc::permission_denied)}},
        Scenario{.name = "fails_later", .answers = {busy, answer(errc::permission_denied)}},
        Scenario{.name = "deadlock", .answers = {busy, answer(errc::deadlock)}},
        Scenario{.name = "interrupted", .answers = {busy, answer(Verdict::interrupted), granted}},
        Scenario{.name = "in_doubt", .answers = {busy, answer(errc::database_error, true)}},
        Scenario{.name = "connection_lost", .answers = {busy, answer(errc::session_lost)}},
        Scenario{.name = "no_memory", .answers = {busy, no_memory()}},
        Scenario{.name = "cancel_comes_late", .answers = {busy, granted}, .cancel_works = false},
        Scenario{.name = "fences", .answers = {busy, granted}, .fencing = true},
        Scenario{.name = "fences_and_blocks",
                 .answers = {busy, granted},
                 .suspensions = -1,
                 .fencing = true},
        Scenario{.name = "blocks", .answers = {busy, busy, granted}, .suspensions = -1},
        Scenario{.name = "blocks_and_queues",
                 .answers = {busy, granted},
                 .queues = true,
                 .suspensions = -1}),
    [](const auto& info) { return info.param.name; });

TEST_P(AsyncEnds, it_ends_by_itself) {
    AsyncCase server(GetParam());
    AsyncLoop loop(server);
    loop.start();
    loop.run();
    expect_truth(server, loop);
    EXPECT_EQ(loop.held(), !loop.error());
    expect_usable(server);
}

TEST_P(AsyncEnds, cancelled_at_any_step_it_holds_the_lock_or_nothing) {
    at_every_step([](AsyncCase& server, AsyncLoop& loop) {
        loop.cancel();
        loop.run();
        expect_truth(server, loop);
        EXPECT_EQ(loop.held(), !loop.error());
        if (loop.error() == errc::cancelled) {
            EXPECT_FALSE(server.closed);
        }
        expect_usable(server);
    });
}

TEST_P(AsyncEnds, cancelled_twice_it_ends_no_worse) {
    at_every_step([](AsyncCase& server, AsyncLoop& loop) {
        loop.cancel();
        loop.cancel();
        loop.run(1);
        loop.cancel();
        loop.run();
        expect_truth(server, loop);
        expect_usable(server);
    });
}

TEST_P(AsyncEnds, abandoned_at_any_step_it_holds_nothing) {
    at_every_step([](AsyncCase& server, AsyncLoop& loop) {
        if (loop.done()) {
            loop.abandon();
            EXPECT_EQ(server.held, loop.held() ? 1 : 0);
            return;
        }
        const bool in_doubt = server.is_in_doubt();
        loop.abandon();
        EXPECT_EQ(server.closed, in_doubt);
        EXPECT_EQ(server.held, 0);
        EXPECT_FALSE(loop.held());
        EXPECT_EQ(loop.error(), errc::cancelled);
        server.leave_queue();
        expect_usable(server);
    });
}

TEST_P(AsyncEnds, its_lock_may_be_destroyed_at_any_step) {
    at_every_step([](AsyncCase& server, AsyncLoop& loop) {
        const bool was_done = loop.done();
        const bool was_closed = server.closed;
        const bool in_doubt = !was_done && server.is_in_doubt();
        server.fake.reset();
        EXPECT_EQ(server.held, 0);
        EXPECT_EQ(server.closed, was_closed || in_doubt);
        loop.run();
        EXPECT_TRUE(loop.done());
        if (!was_done) {
            EXPECT_EQ(loop.error(), errc::cancelled);
            EXPECT_FALSE(loop.held());
        }
    });
}

TEST(AsyncMeanwhile, another_lock_of_the_session_tells_what_was_known_before) {
    AsyncCase server({.name = "waits", .answers = {busy, granted}});
    FakeLock other({}, Key("other"), server.fake->driver.address);
    EXPECT_TRUE(other.lock.try_lock());
    AsyncLoop loop(server);
    loop.start();
    other.driver.id = 2;  // not to be looked at: another thread may use the connection
    EXPECT_TRUE(other.lock.locked());
    loop.run();
    EXPECT_TRUE(loop.held());
    EXPECT_FALSE(other.lock.locked());
}

TEST_P(AsyncEnds, who_is_told_of_a_loss_cannot_be_changed_meanwhile) {
    at_every_step([](AsyncCase& server, AsyncLoop& loop) {
        BaseLock& lock = server.fake->lock;
        server.fake->driver.tells_end = true;
        const auto error_of = [](auto function) {
            try {
                function();
            } catch (const LockError& error) {
                return error.code();
            }
            return std::error_code();
        };
        const std::error_code expected =
            loop.done() ? std::error_code() : make_error_code(errc::session_busy);
        EXPECT_EQ(error_of([&] { lock.on_lost([](const LockError&) {}); }), expected);
        EXPECT_EQ(error_of([&] { (void)lock.lost_token(); }), expected);
        loop.run();
        expect_truth(server, loop);
    });
}

TEST_P(AsyncEnds, nothing_else_uses_the_session_meanwhile) {
    at_every_step([](AsyncCase& server, AsyncLoop& loop) {
        if (loop.done()) {
            return;
        }
        std::error_code error;
        EXPECT_FALSE(server.fake->lock.acquire(no_wait, error));
        EXPECT_EQ(error, errc::session_busy);
        AsyncLoop second(server);
        second.start();
        EXPECT_TRUE(second.done());
        EXPECT_EQ(second.error(), errc::session_busy);
        loop.run();
        expect_truth(server, loop);
    });
}

}  // namespace
}  // namespace dlock::detail
