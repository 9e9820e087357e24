// Fencing tokens of a process that is killed while it draws them. What the death of a server does
// to them: tests/faults.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fencing_case.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <vector>

namespace dlock_test {

class FencingKill : public FencingCase {
  protected:
    void SetUp() override {
        if (!GetParam().is_sqlite()) {
            GTEST_SKIP() << "the server draws, and lives on";
        }
        if (is_async()) {
            GTEST_SKIP() << "the killed process is blocking";
        }
        FencingCase::SetUp();
    }

    // Draws in a process of its own, which is killed when it has told of `wanted` tokens. Returns
    // these, and those that it drew before it died.
    [[nodiscard]] std::vector<std::int64_t> draw_until_killed(std::size_t wanted) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        const pid_t child = fork();
        if (child == 0) {
            draw_for_ever(ends[1]);
        }
        close(ends[1]);
        std::vector<std::int64_t> tokens;
        std::int64_t token = 0;
        while (read(ends[0], &token, sizeof token) == static_cast<ssize_t>(sizeof token)) {
            tokens.push_back(token);
            if (tokens.size() == wanted) {
                kill(child, SIGKILL);
            }
        }
        close(ends[0]);
        int status = 0;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFSIGNALED(status)) << "it could not draw";
        return tokens;
    }

  private:
    [[noreturn]] void draw_for_ever(int out) {
        try {
            const auto sql = GetParam().open();
            const auto lock = dlock::create_lock(*sql, key_, {.fencing = true});
            while (lock->try_lock_for(30s)) {
                const std::int64_t token = lock->fencing_token().value();
                if (write(out, &token, sizeof token) != static_cast<ssize_t>(sizeof token)) {
                    break;
                }
                lock->release();
            }
        } catch (const std::exception&) {
            // The parent sees that the process has ended by itself.
        }
        _exit(1);
    }
};
DLOCK_ON_EACH_DATABASE(FencingKill);

TEST_P(FencingKill, no_token_comes_twice_or_goes_back) {
    std::int64_t last = 0;
    for (std::size_t round = 0; round < 40; ++round) {
        const std::size_t wanted = 1 + round % 5;
        const auto tokens = draw_until_killed(wanted);
        ASSERT_GE(tokens.size(), wanted) << "round " << round;
        for (const std::int64_t token : tokens) {
            ASSERT_GT(token, last) << "round " << round;
            last = token;
        }
    }
    EXPECT_GT(draw(*fenced_a()), last);
}

}  // namespace dlock_test
