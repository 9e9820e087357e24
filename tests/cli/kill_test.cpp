// kill -9 of the program: its command never runs on without the lock.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <csignal>

namespace dlock_test {
namespace {

class Kill : public OnDatabase {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Kill);
INSTANTIATE_TEST_SUITE_P(, Kill, testing::ValuesIn(cases()), name_of);

TEST_P(Kill, SendsTheCommandSigterm) {
    Program program(shell({}, "trap 'echo got; exit 0' TERM; " + until_input_ends()));
    ASSERT_TRUE(program.says("started"));
    const pid_t command = number_after(program.out(), "pid ");
    ASSERT_TRUE(reads(command));
    program.send(SIGKILL);
    EXPECT_EQ(program.wait().exit_code, 128 + SIGKILL);
    EXPECT_TRUE(program.says("got"));
    EXPECT_TRUE(eventually([&] { return !alive(command); }));
    EXPECT_TRUE(becomes_free());
}

TEST_P(Kill, LeavesTheLockWithACommandThatLivesOn) {
    Program program(shell({}, "trap '' TERM; " + until_input_ends()));
    ASSERT_TRUE(program.says("started"));
    const pid_t command = number_after(program.out(), "pid ");
    program.send(SIGKILL);
    EXPECT_EQ(program.wait().exit_code, 128 + SIGKILL);

    Program waiter(dlock({}, {"echo", "ran"}));
    ASSERT_TRUE(waits(waiter.id()));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(try_lock(), 75);
    }
    ASSERT_TRUE(alive(command));
    EXPECT_FALSE(waiter.ended());
    program.close_input();
    EXPECT_EQ(waiter.wait().exit_code, 0);
    EXPECT_FALSE(alive(command));
}

TEST_P(Kill, LeavesTheLockWithGrandchildren) {
    // The shell dies of the SIGTERM, its child does not get it.
    Program program(shell(
        {}, "exec 3<&0; (read line <&3) & echo \"started pid $$ child $! \"; read line; exit 0"));
    ASSERT_TRUE(program.says("started"));
    const pid_t command = number_after(program.out(), "pid ");
    const pid_t child = number_after(program.out(), "child ");
    program.send(SIGKILL);
    EXPECT_TRUE(eventually([&] { return !alive(command); }));
    EXPECT_EQ(try_lock(), 75);
    EXPECT_TRUE(alive(child));
    program.close_input();
    EXPECT_TRUE(becomes_free());
    EXPECT_FALSE(alive(child));
}

TEST_P(Kill, WithCloseKillsTheCommandAndFreesTheLock) {
    Program program(shell({"-o"}, "trap '' TERM; " + until_input_ends()));
    ASSERT_TRUE(program.says("started"));
    const pid_t command = number_after(program.out(), "pid ");
    EXPECT_EQ(try_lock(), 75);
    program.send(SIGKILL);
    EXPECT_TRUE(becomes_free());
    EXPECT_TRUE(eventually([&] { return !alive(command); }));
}

TEST_P(Kill, OfAWaiterLeavesNothing) {
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    Program waiter(dlock({}, {"echo", "ran"}));
    ASSERT_TRUE(waits(waiter.id()));
    waiter.send(SIGKILL);
    EXPECT_EQ(waiter.wait().exit_code, 128 + SIGKILL);
    if (is_server()) {
        EXPECT_TRUE(eventually([this] { return waiters() == 0; }));
    }
    holder.close_input();
    EXPECT_EQ(holder.wait().exit_code, 0);
    EXPECT_TRUE(becomes_free());
}

}  // namespace
}  // namespace dlock_test
