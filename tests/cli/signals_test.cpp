// Signals: while the program waits, and while the command runs.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace dlock_test {
namespace {

class Signals : public OnDatabase {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Signals);
INSTANTIATE_TEST_SUITE_P(, Signals, testing::ValuesIn(cases()), name_of);

// True until some thread of the process has taken the signal.
bool is_pending(pid_t process, int signal) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("ShdPnd:")) {
            return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1U) != 0;
        }
    }
    return false;
}

TEST_P(Signals, EndAWaitAndLeaveNothing) {
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        Program waiter(dlock({}, {"echo", "ran"}));
        ASSERT_TRUE(waits(waiter.id()));
        const auto sent = std::chrono::steady_clock::now();
        waiter.send(signal);
        const Result result = waiter.wait();
        EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(4));
        EXPECT_EQ(result.exit_code, 128 + signal) << result.err;
        EXPECT_EQ(result.out, "");
        EXPECT_EQ(result.err, "");
        if (is_server()) {
            EXPECT_EQ(waiters(), 0) << "left in the server's queue";
        }
    }
    holder.close_input();
    EXPECT_EQ(holder.wait().exit_code, 0);
    EXPECT_EQ(try_lock(), 0);
}

// The program hangs where it says that it has the lock: nobody reads what it says.
TEST_P(Signals, BetweenTheGrantAndTheCommandEndTheProgramAsWell) {
    const std::string pipe = folder_ / "pipe";
    const std::string mark = folder_ / "ran";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const int reader = open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    const std::string page(4096, '.');
    while (write(reader, page.data(), page.size()) > 0) {
    }
    Start start = dlock({"--verbose"}, {"touch", mark});
    start.words.insert(start.words.begin(), {"sh", "-c", "exec \"$@\" 2>\"$0\"", pipe});
    Program program(start);
    ASSERT_TRUE(eventually([this] { return try_lock() == 75; }));
    program.send(SIGTERM);
    ASSERT_TRUE(eventually([&] { return !is_pending(program.id(), SIGTERM); }));
    std::string rest(1 << 20, '\0');
    EXPECT_GT(read(reader, rest.data(), rest.size()), 0);
    EXPECT_EQ(program.wait().exit_code, 128 + SIGTERM);
    EXPECT_FALSE(std::filesystem::exists(mark));
    EXPECT_EQ(try_lock(), 0);
    close(reader);
}

TEST_P(Signals, AreForwardedToTheCommand) {
    struct Case {
        int number;
        const char* name;
    };
    for (const auto& [number, name] :
         {Case{SIGHUP, "HUP"}, Case{SIGINT, "INT"}, Case{SIGQUIT, "QUIT"}, Case{SIGTERM, "TERM"},
          Case{SIGUSR1, "USR1"}, Case{SIGUSR2, "USR2"}}) {
        Program program(shell({}, std::string("trap 'echo got; exit 42' ") + name +
                                      "; echo started $$; read line; exit 1"));
        ASSERT_TRUE(program.says("\n"));
        ASSERT_TRUE(reads(number_after(program.out(), "started ")));
        program.send(number);
        const Result result = program.wait();
        EXPECT_EQ(result.exit_code, 42) << name << result.err;
        EXPECT_EQ(result.out.substr(result.out.find('\n')), "\ngot\n") << name;
    }
    EXPECT_EQ(try_lock(), 0);
}

TEST_P(Signals, ThatEndTheCommandShowInTheExitCode) {
    Program program(shell({}, until_input_ends()));
    ASSERT_TRUE(program.says("started"));
    program.send(SIGTERM);
    EXPECT_EQ(program.wait().exit_code, 128 + SIGTERM);
    EXPECT_EQ(try_lock(), 0);
}

TEST_P(Signals, WaitForACommandThatTakesItsTime) {
    Program program(
        shell({}, "trap 'echo stopping' TERM; echo started $$; read line; read line; exit 5"));
    ASSERT_TRUE(program.says("\n"));
    ASSERT_TRUE(reads(number_after(program.out(), "started ")));
    program.send(SIGTERM);
    ASSERT_TRUE(program.says("stopping"));
    EXPECT_EQ(try_lock(), 75);
    program.close_input();
    EXPECT_EQ(program.wait().exit_code, 5);
}

TEST_P(Signals, IgnoredFromTheStartStayIgnored) {
    Start start =
        shell({}, "grep -E 'Sig(Blk|Ign)' /proc/self/status; echo started; read line; true");
    start.ignored_signals = {SIGHUP};
    Program program(start);
    ASSERT_TRUE(program.says("started"));
    program.send(SIGHUP);
    program.close_input();
    EXPECT_EQ(program.wait().exit_code, 0);

    Start waiting = dlock({}, {"true"});
    waiting.ignored_signals = {SIGHUP};
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    Program waiter(waiting);
    ASSERT_TRUE(waits(waiter.id()));
    waiter.send(SIGHUP);
    holder.close_input();
    EXPECT_EQ(waiter.wait().exit_code, 0);
}

TEST_P(Signals, AreAsTheyWereForTheCommand) {
    const std::vector<std::string> show{"grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"};
    Start with = dlock({}, show);
    Start without{.words = show};
    EXPECT_EQ(run(with).out, run(without).out);
    with.ignored_signals = without.ignored_signals = {SIGINT, SIGPIPE, SIGCHLD};
    const Result result = run(with);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, run(without).out);
}

TEST_P(Signals, OfJobControlStopAndContinueBoth) {
    Start start = shell({}, until_input_ends(6));
    start.own_group = true;
    Program program(start);
    ASSERT_TRUE(program.says("started"));
    const pid_t command = number_after(program.out(), "pid ");
    program.send_to_group(SIGTSTP);
    EXPECT_TRUE(
        eventually([&] { return state_of(program.id()) == 'T' && state_of(command) == 'T'; }));
    EXPECT_EQ(try_lock(), 75);
    program.send_to_group(SIGCONT);
    program.close_input();
    EXPECT_EQ(program.wait().exit_code, 6);
}

}  // namespace
}  // namespace dlock_test
