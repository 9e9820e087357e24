// What the command inherits.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace dlock_test {
namespace {

class Descriptors : public OnDatabase {
  protected:
    static std::vector<std::string> list() { return {"ls", "/proc/self/fd"}; }

    static long lines(const std::string& text) {
        return std::count(text.begin(), text.end(), '\n');
    }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Descriptors);
INSTANTIATE_TEST_SUITE_P(, Descriptors, testing::ValuesIn(cases()), name_of);

TEST_P(Descriptors, OfTheLockAndTheCallerOnly) {
    const int callers = ::open("/dev/null", O_RDONLY);  // stands for one that a script has opened
    const std::string direct = run({.words = list()}).out;
    const std::string inheriting = run(dlock({}, list())).out;
    const std::string closing = run(dlock({"-o"}, list())).out;
    ::close(callers);
    EXPECT_EQ(closing, direct);
    EXPECT_EQ(lines(inheriting), lines(direct) + 1) << inheriting;
    EXPECT_EQ(run(dlock({"--close"}, {"true"})).exit_code, 0);
}

TEST_P(Descriptors, ThatAreClosedStayClosed) {
    // The lock's connection must not become somebody's standard input or output.
    for (const int closed : {STDIN_FILENO, STDERR_FILENO}) {
        const std::string path = "/proc/self/fd/" + std::to_string(closed);
        Start start = dlock({}, {"sh", "-c", "test ! -e " + path + " && echo closed"});
        start.closed_descriptors = {closed};
        EXPECT_EQ(run(start).out, "closed\n") << closed;
    }
}

}  // namespace
}  // namespace dlock_test
