// Commands that cannot be started.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <algorithm>
#include <fstream>

namespace dlock_test {
namespace {

class Child : public OnDatabase {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Child);
INSTANTIATE_TEST_SUITE_P(, Child, testing::ValuesIn(cases()), name_of);

TEST_P(Child, ThatIsNotThere) {
    for (const char* const name : {"no-such-command-dlock", "/no/such/command", ""}) {
        const Result result = run(dlock({}, {name}));
        EXPECT_EQ(result.exit_code, 127) << name;
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    }
    EXPECT_EQ(try_lock(), 0);
}

TEST_P(Child, ThatCannotBeExecuted) {
    std::ofstream(folder_ / "file") << "#!/bin/sh\n";
    EXPECT_EQ(run(dlock({}, {folder_ / "file"})).exit_code, 126);
    EXPECT_EQ(run(dlock({}, {folder_})).exit_code, 126);
    EXPECT_EQ(try_lock(), 0);
}

}  // namespace
}  // namespace dlock_test
