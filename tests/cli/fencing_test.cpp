// dlock init, and the tokens of dlock run --fencing.
// SPDX-License-Identifier: BSL-1.0
#include "support/fencing.hpp"

#include "case.hpp"

namespace dlock_test {
namespace {

class FencingProgram : public OnDatabase {
  protected:
    // By whoever may create the counter.
    [[nodiscard]] Start init() const {
        Start start = dlock({}, {});
        start.words = {start.words.front(), "init"};
        if (!GetParam().admin_url.empty()) {
            start.environment["DLOCK_URL"] = GetParam().admin_url;
        }
        return start;
    }

    // What `init` says of the place.
    [[nodiscard]] std::string place() {
        if (!is_server()) {
            const std::string& url = GetParam().url;
            const std::filesystem::path file =
                url.empty() ? folder_ / "dlock" / "locks.db"
                            : std::filesystem::path(url.substr(url.find('/', url.find("://") + 3)));
            return "SQLite, file \"" + std::filesystem::canonical(file).string() + '"';
        }
        std::string database = "dlock";
        if (GetParam().is_postgresql()) {
            view().sql() << "select current_database()", soci::into(database);
        }
        return dlock::capabilities(view().sql()).database + ", database \"" + database + '"';
    }

    [[nodiscard]] long long draw() {
        const Result result = run(shell({"--fencing"}, "echo \"token $DLOCK_TOKEN \""));
        EXPECT_EQ(result.exit_code, 0) << result.err;
        return std::atoll(result.out.substr(6).c_str());
    }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FencingProgram);
INSTANTIATE_TEST_SUITE_P(, FencingProgram, testing::ValuesIn(cases()), name_of);

TEST_P(FencingProgram, TokensRise) {
    if (is_server()) {
        prepare_fencing(GetParam());
    }
    for (int i = 0; i < 2; ++i) {
        const Result result = run(init());
        EXPECT_EQ(result.exit_code, 0) << result.err;
        EXPECT_NE(result.out.find("is there: " + place() + ".\n"), std::string::npos) << result.out;
        EXPECT_EQ(result.out.find("GRANT") != std::string::npos, is_server()) << result.out;
    }
    const long long first = draw();
    EXPECT_GT(first, 0);
    EXPECT_GT(draw(), first);
}

TEST_P(FencingProgram, ATokenIsSetOnlyIfAskedFor) {
    Start start = shell({}, "echo \"[$DLOCK_TOKEN]\"");
    start.environment["DLOCK_TOKEN"] = "5";
    EXPECT_EQ(run(start).out, "[]\n");
}

TEST_P(FencingProgram, WithoutTheCounterItSaysWhatToDo) {
    if (!GetParam().url.empty()) {
        GTEST_SKIP() << "a server has one counter for all tests, which others need now";
    }
    const Result result = run(dlock({"--fencing"}, {"echo", "ran"}));
    EXPECT_EQ(result.exit_code, 78);
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find("dlock init"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace dlock_test
