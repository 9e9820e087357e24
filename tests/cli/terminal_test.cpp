// Ctrl-C in a terminal, which reaches program and command alike.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace dlock_test {
namespace {

class Terminal : public OnDatabase {
  public:
    ~Terminal() override {
        if (process_ > 0) {
            kill(process_, SIGKILL);
            waitpid(process_, nullptr, 0);
        }
        ::close(terminal_);
    }

  protected:
    void start(const Start& start) {
        std::vector<const char*> words;
        for (const std::string& word : start.words) {
            words.push_back(word.c_str());
        }
        words.push_back(nullptr);
        process_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (process_ == 0) {
            for (const auto& [name, value] : start.environment) {
                setenv(name.c_str(), value.c_str(), 1);
            }
            execvp(words[0], const_cast<char* const*>(words.data()));
            _exit(255);
        }
    }

    bool says(const std::string& text) {
        return eventually([&] {
            pollfd event{.fd = terminal_, .events = POLLIN, .revents = 0};
            char buffer[1024];
            while (poll(&event, 1, 0) > 0) {
                const ssize_t size = ::read(terminal_, buffer, sizeof buffer);
                if (size <= 0) {
                    break;
                }
                screen_.append(buffer, static_cast<std::size_t>(size));
            }
            return screen_.find(text) != std::string::npos;
        });
    }

    void type(const std::string& text) {
        ASSERT_EQ(::write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    int exit_code() {
        int status = 0;
        if (!eventually([&] { return waitpid(process_, &status, WNOHANG) == process_; })) {
            return -1;
        }
        process_ = -1;
        return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
    }

    std::string screen_;
    int terminal_ = -1;
    pid_t process_ = -1;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Terminal);
INSTANTIATE_TEST_SUITE_P(, Terminal, testing::ValuesIn(cases()), name_of);

TEST_P(Terminal, CtrlCReachesTheCommandOnce) {
    start(shell({},
                "n=0; trap 'n=$((n + 1)); echo \"interrupt $n.\"' INT; echo started $$.; "
                "while ! read line; do :; done; echo \"$n interrupts.\"; exit 4"));
    ASSERT_TRUE(says("."));
    ASSERT_TRUE(reads(number_after(screen_, "started ")));
    type("\x03");
    ASSERT_TRUE(says("interrupt 1."));
    type("\n");
    EXPECT_TRUE(says("1 interrupts.")) << screen_;
    EXPECT_EQ(exit_code(), 4);
}

TEST_P(Terminal, CtrlCEndsAWait) {
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    start(dlock({}, {"echo", "ran"}));
    ASSERT_TRUE(waits(process_));
    type("\x03");
    EXPECT_EQ(exit_code(), 128 + SIGINT);
}

}  // namespace
}  // namespace dlock_test
