// The usual course: exit codes, time limits, options.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <algorithm>

namespace dlock_test {
namespace {

using std::chrono::steady_clock;

class Run : public OnDatabase {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Run);
INSTANTIATE_TEST_SUITE_P(, Run, testing::ValuesIn(cases()), name_of);

TEST_P(Run, PassesExitCodesOn) {
    EXPECT_EQ(run(dlock({}, {"true"})).exit_code, 0);
    EXPECT_EQ(run(shell({}, "exit 3")).exit_code, 3);
    EXPECT_EQ(run(shell({}, "exit 255")).exit_code, 255);
    EXPECT_EQ(run(shell({}, "kill -TERM $$")).exit_code, 128 + 15);
    EXPECT_EQ(run(shell({}, "kill -KILL $$")).exit_code, 128 + 9);
}

TEST_P(Run, SaysNothingOfItsOwn) {
    const Result result = run(shell({}, "echo out; echo err >&2; exit 1"));
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
}

TEST_P(Run, PassesInputThrough) {
    Start start = dlock({}, {"cat"});
    start.words.insert(start.words.begin(), {"sh", "-c", "printf 'a\\000b' | \"$0\" \"$@\""});
    EXPECT_EQ(run(start).out, std::string("a\0b", 3));
}

TEST_P(Run, TellsTheCommandOfTheLock) {
    EXPECT_EQ(run(shell({}, "echo $DLOCK_HELD $DLOCK_KEY")).out, "1 " + key_ + "\n");
}

TEST_P(Run, GivesUpAtOnce) {
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{"-n"}, {"--no-wait"}, {"-w", "0"}, {"--wait=0s"}}) {
        const Result result = run(dlock(options, {"echo", "ran"}));
        EXPECT_EQ(result.exit_code, 75) << options.front();
        EXPECT_EQ(result.out, "");
        EXPECT_NE(result.err.find(key_), std::string::npos) << result.err;
    }
    EXPECT_EQ(run(dlock({"-n", "-q"}, {"true"})).err, "");
    EXPECT_EQ(run(dlock({"-n", "-E", "1"}, {"true"})).exit_code, 1);
    EXPECT_EQ(run(dlock({"-n", "-E", "0"}, {"true"})).exit_code, 0);
    holder.close_input();
    EXPECT_EQ(holder.wait().exit_code, 0);
    EXPECT_EQ(try_lock(), 0);
}

TEST_P(Run, GivesUpAfterTheTime) {
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    const auto start = steady_clock::now();
    EXPECT_EQ(run(dlock({"-w", "300ms"}, {"true"})).exit_code, 75);
    const auto took = steady_clock::now() - start;
    EXPECT_GE(took, std::chrono::milliseconds(300));
    EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_P(Run, WaitsForTheHolder) {
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    Program waiter(dlock({"-w", "1m", "--verbose"}, {"echo", "ran"}));
    ASSERT_TRUE(waits(waiter.id()));
    EXPECT_EQ(waiter.out(), "");
    holder.close_input();
    const Result result = waiter.wait();
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "ran\n");
    EXPECT_NE(result.err.find("took the lock \"" + key_), std::string::npos) << result.err;
}

TEST_P(Run, ReleasesWhenTheCommandEndsThoughItsChildrenLive) {
    Program first(shell({}, "exec 3<&0; (read line <&3) & echo \"child $! \""));
    ASSERT_TRUE(first.says("child"));
    const Result result = first.wait();
    EXPECT_EQ(result.exit_code, 0);
    const pid_t child = number_after(result.out, "child ");
    EXPECT_TRUE(alive(child));
    EXPECT_EQ(try_lock(), 0);
    first.close_input();
    EXPECT_TRUE(eventually([&] { return !alive(child); }));
}

TEST_P(Run, Shares) {
    if (!can_share()) {
        const Result result = run(dlock({"-s"}, {"true"}));
        EXPECT_EQ(result.exit_code, 64);
        EXPECT_NE(result.err.find("shared"), std::string::npos) << result.err;
        return;
    }
    Program reader(shell({"-s"}, until_input_ends()));
    ASSERT_TRUE(reader.says("started"));
    EXPECT_EQ(run(dlock({"--shared", "-n"}, {"true"})).exit_code, 0);
    EXPECT_EQ(try_lock(), 75);
    reader.close_input();
    EXPECT_EQ(reader.wait().exit_code, 0);
    Program writer(shell({}, until_input_ends()));
    ASSERT_TRUE(writer.says("started"));
    EXPECT_EQ(run(dlock({"-s", "-n"}, {"true"})).exit_code, 75);
}

TEST_P(Run, TakesAnyKey) {
    const std::string base = key_;
    for (const std::string part :
         {"'; drop table x; --", "\"quoted\"", "two\nlines", "-n", "--", "back\\slash", "%s :name",
          "caf\xc3\xa9", "$(echo x)", "a'b''c"}) {
        key_ = part + base;
        Program holder(shell({}, until_input_ends()));
        ASSERT_TRUE(holder.says("started")) << holder.err();
        const Result busy = run(dlock({"-n"}, {"true"}));
        EXPECT_EQ(busy.exit_code, 75) << part << busy.err;
        EXPECT_EQ(std::count(busy.err.begin(), busy.err.end(), '\n'), 1) << busy.err;
        holder.close_input();
        EXPECT_EQ(holder.wait().exit_code, 0);
        EXPECT_EQ(run(dlock({"-n"}, {"sh", "-c", "printf %s \"$DLOCK_KEY\""})).out, key_);
    }
}

TEST_P(Run, TakesIntegers) {
    const std::string number = std::to_string(std::hash<std::string>{}(key_) >> 2U);
    key_ = "-" + number;
    Program holder(shell({"--int"}, until_input_ends()));
    ASSERT_TRUE(holder.says("started")) << holder.err();
    EXPECT_EQ(run(dlock({"--int", "-n"}, {"true"})).exit_code, 75);
}

TEST_P(Run, ReadsTheUrlFromEverywhere) {
    if (GetParam().url.empty()) {
        GTEST_SKIP() << "has no URL";
    }
    Program holder(shell({}, until_input_ends()));
    ASSERT_TRUE(holder.says("started"));
    Start by_option = dlock({"-n", "--url", GetParam().url}, {"true"});
    by_option.environment["DLOCK_URL"] = "";
    EXPECT_EQ(run(by_option).exit_code, 75);

    const std::filesystem::path file = folder_ / "url";
    FILE* const stream = std::fopen(file.c_str(), "w");
    ASSERT_NE(stream, nullptr);
    std::fprintf(stream, "%s\n", GetParam().url.c_str());
    std::fclose(stream);
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    Start by_file = dlock({"-n", "--url-file", file}, {"true"});
    by_file.environment["DLOCK_URL"] = "postgresql://nowhere.invalid/x";
    EXPECT_EQ(run(by_file).exit_code, 75) << "the file goes before the environment";
}

}  // namespace
}  // namespace dlock_test
