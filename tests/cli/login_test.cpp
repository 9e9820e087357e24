// Logins that fail, on the servers themselves.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <algorithm>
#include <fstream>

namespace dlock_test {
namespace {

class Login : public OnDatabase {
  protected:
    void SetUp() override {
        if (!is_server()) {
            GTEST_SKIP() << "has no logins";
        }
    }

    // The case's URL with one parameter replaced.
    [[nodiscard]] std::string url_with(const std::string& url, const std::string& name,
                                       const std::string& value) const {
        const std::size_t at = url.find(name + "=");
        EXPECT_NE(at, std::string::npos);
        const std::size_t end = std::min(url.find(' ', at), url.size());
        return url.substr(0, at + name.size() + 1) + value + url.substr(end);
    }

    void expect_failure(const std::string& url, int exit_code) const {
        Start start = dlock({}, {"echo", "ran"});
        start.environment["DLOCK_URL"] = url;
        const Result result = run(start);
        EXPECT_EQ(result.exit_code, exit_code) << result.err;
        EXPECT_EQ(result.out, "");
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
        EXPECT_EQ(result.err.find("s3cret"), std::string::npos) << result.err;
    }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Login);
INSTANTIATE_TEST_SUITE_P(, Login, testing::ValuesIn(cases()), name_of);

TEST_P(Login, Refused) {
    expect_failure(url_with(GetParam().url, "password", "s3cret"), 77);
    expect_failure(url_with(url_with(GetParam().url, "user", "nobody_here"), "password", "s3cret"),
                   77);
}

TEST_P(Login, ToNoSuchDatabase) {
    if (GetParam().admin_url.empty()) {
        GTEST_SKIP() << "needs an administrator: others may not know which databases there are";
    }
    const std::string name = GetParam().is_mysql() ? "db" : "dbname";
    expect_failure(url_with(GetParam().admin_url, name, "no_such_database"), 69);
}

TEST_P(Login, LeavesNoPasswordInTheListOfProcesses) {
    Start start =
        shell({"--url", url_with(GetParam().url, "password", "'s3cret'")}, until_input_ends());
    const Result refused = run(start);
    EXPECT_EQ(refused.exit_code, 77);
    EXPECT_EQ(refused.err.find("s3cret"), std::string::npos) << refused.err;

    Program program(shell({"--url", GetParam().url}, until_input_ends()));
    ASSERT_TRUE(program.says("started"));
    std::ifstream file("/proc/" + std::to_string(program.id()) + "/cmdline");
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    EXPECT_NE(line.find(key_), std::string::npos);
    EXPECT_EQ(line.find("password"), std::string::npos) << line;
    EXPECT_EQ(line.find("://"), std::string::npos) << line;
}

TEST_P(Login, WithoutSocisLibrary) {
    // A file that is no library stands before the real one.
    for (const char* const version : {"3.2", "4.0", "4.1", "4.2"}) {
        std::ofstream(folder_ / ("libsoci_" + GetParam().backend() + ".so." + version)) << "x";
    }
    Start start = dlock({}, {"echo", "ran"});
    start.environment["LD_LIBRARY_PATH"] = folder_;
    start.environment["SOCI_BACKENDS_PATH"] = "/nonexistent";
    const Result result = run(start);
    EXPECT_EQ(result.exit_code, 69) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_NE(result.err.find("libsoci_" + GetParam().backend()), std::string::npos) << result.err;
}

}  // namespace
}  // namespace dlock_test
