// A forked child of the process that holds a lock sends nothing on its parent's connection.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"

#include <gtest/gtest.h>

#ifndef _WIN32

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <future>
#include <thread>

namespace dlock::detail {
namespace {

// What the child saw.
struct Seen {
    std::array<int, 7> errors{};
    bool locked = true;
    unsigned statements = 0;
    unsigned abandoned = 0;
    int told_by_destructor = 0;
};

template <class Function>
Seen in_a_child(Function function) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        alarm(10);  // whoever waits for a thread of the parent waits for ever
        const Seen seen = function();
        const ssize_t written = write(ends[1], &seen, sizeof seen);
        _exit(written == sizeof seen ? 0 : 1);
    }
    close(ends[1]);
    Seen seen;
    EXPECT_EQ(read(ends[0], &seen, sizeof seen), static_cast<ssize_t>(sizeof seen));
    close(ends[0]);
    int status = 1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return seen;
}

template <class Function>
int error_of(Function function) {
    try {
        function();
    } catch (const LockError& error) {
        return static_cast<int>(error.which());
    }
    return 0;
}

TEST(Fork, the_child_of_a_holder_sends_nothing_and_is_told_why) {
    int hook = 0;
    auto fake = std::make_unique<FakeLock>(LockOptions{
        .on_error = [&hook](const LockError& error) { hook = static_cast<int>(error.which()); }});
    ASSERT_TRUE(fake->lock.try_lock());
    ASSERT_EQ(fake->driver.sent.size(), 1U);

    const Seen seen = in_a_child([&] {
        Seen it;
        BaseLock& lock = fake->lock;
        it.errors[0] = error_of([&] { (void)lock.acquire(no_wait); });
        it.errors[1] = error_of([&] { lock.release(); });
        it.errors[2] = error_of([&] { (void)lock.verify(); });
        it.errors[3] = error_of([&] { lock.close(); });
        lock.unlock();
        it.errors[4] = hook;
        it.errors[5] = error_of([&] { lock.on_lost([](const LockError&) {}); });
        it.errors[6] = error_of([&] { (void)lock.lost_token(); });
        it.locked = lock.locked();
        // The destructor too: its driver goes with it, so the count is taken by its execute.
        unsigned late = 0;
        fake->driver.on_execute = [&late](const Statement&) {
            ++late;
            return answer(Verdict::released);
        };
        it.statements = static_cast<unsigned>(fake->driver.sent.size()) - 1;
        it.abandoned = fake->driver.abandoned ? 1 : 0;
        hook = 0;
        fake.reset();
        it.told_by_destructor = hook;
        it.statements += late;
        return it;
    });
    for (const int error : seen.errors) {
        EXPECT_EQ(static_cast<errc>(error), errc::wrong_process);
    }
    EXPECT_FALSE(seen.locked);
    EXPECT_EQ(seen.statements, 0U);
    EXPECT_EQ(seen.abandoned, 0U);
    EXPECT_EQ(seen.told_by_destructor, 0) << "it is no error that the child ends";

    EXPECT_TRUE(fake->lock.locked()) << "the parent still holds it";
    fake->lock.release();
    EXPECT_EQ(fake->driver.sent.size(), 2U);
}

TEST(Fork, a_lock_that_was_not_held_is_the_parents_too) {
    FakeLock fake;
    const Seen seen = in_a_child([&] {
        Seen it;
        it.errors[0] = error_of([&] { (void)fake.lock.acquire(); });
        it.errors[1] = error_of([&] { fake.lock.release(); });
        it.statements = static_cast<unsigned>(fake.driver.sent.size());
        return it;
    });
    EXPECT_EQ(static_cast<errc>(seen.errors[0]), errc::wrong_process);
    EXPECT_EQ(static_cast<errc>(seen.errors[1]), errc::wrong_process);
    EXPECT_EQ(seen.statements, 0U);
}

TEST(Fork, an_operation_that_is_under_way_is_the_parents) {
    AsyncCase server(
        {.name = "waits", .answers = {answer(Verdict::busy), answer(Verdict::granted)}});
    AsyncLoop loop(server);
    loop.start();
    ASSERT_TRUE(server.is_under_way());
    const std::size_t sent = server.fake->driver.sent.size();
    for (const bool goes_on : {true, false}) {
        const Seen seen = in_a_child([&] {
            Seen it;
            if (goes_on) {
                loop.poll();
                it.errors[0] = loop.error().value();
            }
            loop.abandon();
            server.fake.reset();
            it.abandoned = server.closed ? 1 : 0;
            return it;
        });
        EXPECT_EQ(seen.abandoned, 0U);
        if (goes_on) {
            EXPECT_EQ(static_cast<errc>(seen.errors[0]), errc::wrong_process);
        }
    }
    EXPECT_EQ(server.fake->driver.sent.size(), sent);
    loop.run(AsyncLoop::too_many);
    EXPECT_TRUE(loop.held());
}

TEST(Fork, the_child_does_not_wait_for_a_question_of_its_parents) {
    using namespace std::chrono_literals;
    std::promise<void> entered;
    std::promise<void> leave;
    FakeLock fake({.verify_interval = 40ms});
    int questions = 0;
    fake.driver.on_execute = [&](const Statement& statement) {
        if (statement.purpose != Purpose::verify) {
            return answer(statement.purpose == Purpose::release ? Verdict::released
                                                                : Verdict::granted);
        }
        if (++questions == 1) {
            entered.set_value();
            leave.get_future().wait();
        }
        return answer(Verdict::held);
    };
    ASSERT_TRUE(fake.lock.try_lock());
    entered.get_future().wait();
    const Seen seen = in_a_child([&] {
        Seen it;
        it.errors[0] = error_of([&] { fake.lock.release(); });
        it.errors[1] = error_of([&] { (void)fake.lock.verify(); });
        it.locked = fake.lock.locked();
        return it;
    });
    leave.set_value();
    EXPECT_EQ(static_cast<errc>(seen.errors[0]), errc::wrong_process);
    EXPECT_EQ(static_cast<errc>(seen.errors[1]), errc::wrong_process);
    EXPECT_FALSE(seen.locked);
}

TEST(Fork, the_child_does_not_wait_for_a_thread_that_runs_an_operation) {
    std::promise<void> entered;
    std::promise<void> leave;
    AsyncCase server({.name = "busy", .answers = {answer(Verdict::granted)}, .suspensions = 0});
    server.fake->driver.on_execute =
        [&, answers = server.fake->driver.on_execute](const Statement& statement) {
            entered.set_value();
            leave.get_future().wait();
            return answers(statement);
        };
    AsyncLoop loop(server);
    std::thread thread([&] { loop.start(); });
    entered.get_future().wait();
    const Seen seen = in_a_child([&] {
        Seen it;
        loop.poll();
        it.errors[0] = loop.error().value();
        it.locked = loop.held();
        return it;
    });
    leave.set_value();
    thread.join();
    EXPECT_EQ(static_cast<errc>(seen.errors[0]), errc::wrong_process);
    EXPECT_FALSE(seen.locked);
    EXPECT_TRUE(loop.held());
    server.fake->driver.on_execute = [](const Statement&) { return answer(Verdict::released); };
}

TEST(Fork, a_lock_of_the_childs_own_works) {
    const Seen seen = in_a_child([] {
        Seen it;
        FakeLock fake;
        it.errors[0] = error_of([&] { (void)fake.lock.acquire(); });
        it.locked = fake.lock.locked();
        it.errors[1] = error_of([&] { fake.lock.release(); });
        it.statements = static_cast<unsigned>(fake.driver.sent.size());
        return it;
    });
    EXPECT_EQ(seen.errors[0], 0);
    EXPECT_EQ(seen.errors[1], 0);
    EXPECT_TRUE(seen.locked);
    EXPECT_EQ(seen.statements, 2U);
}

}  // namespace
}  // namespace dlock::detail

#endif
