// Several processes on one key.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <memory>

namespace dlock_test {
namespace {

class Exclusion : public OnDatabase {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Exclusion);
INSTANTIATE_TEST_SUITE_P(, Exclusion, testing::ValuesIn(cases()), name_of);

// Each run adds one to a number in a file, reading and writing as slowly as a shell does: two
// holders at once lose an addition, or find the other's folder.
TEST_P(Exclusion, NoTwoHoldersAtOnce) {
    constexpr int processes = 6;
    constexpr int rounds = 8;
    const std::string counter = folder_ / "counter";
    ASSERT_EQ(run({.words = {"sh", "-c", "echo 0 >" + counter}}).exit_code, 0);
    const std::string script = "mkdir " + counter + ".inside || exit 9; n=$(cat " + counter +
                               "); echo $((n + 1)) >" + counter + "; rmdir " + counter + ".inside";
    Start worker = shell({"-w", "1m"}, script);
    worker.words.insert(worker.words.begin(), {"sh", "-c",
                                               "for i in $(seq " + std::to_string(rounds) +
                                                   "); do \"$0\" \"$@\" || exit $?; done"});
    std::vector<std::unique_ptr<Program>> workers;
    workers.reserve(processes);
    for (int i = 0; i < processes; ++i) {
        workers.push_back(std::make_unique<Program>(worker));
    }
    for (const auto& program : workers) {
        const Result result = program->wait(std::chrono::seconds(90));
        EXPECT_EQ(result.exit_code, 0) << result.err;
    }
    EXPECT_EQ(run({.words = {"cat", counter}}).out, std::to_string(processes * rounds) + "\n");
}

}  // namespace
}  // namespace dlock_test
