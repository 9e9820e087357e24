// What goes wrong before the lock is asked for: one line, the documented code, never a password.
// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

namespace dlock_test {
namespace {

constexpr const char* password = "s3cret/Pa:ss@w0rd";

class Errors : public testing::Test {
  public:
    ~Errors() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

  protected:
    Errors() {
        std::string pattern = std::filesystem::temp_directory_path() / "dlock-cli-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }

    [[nodiscard]] Start dlock(std::vector<std::string> words,
                              std::map<std::string, std::string> environment = {}) const {
        words.insert(words.begin(), DLOCK_PROGRAM);
        environment.emplace("DLOCK_URL", "");
        environment.emplace("XDG_STATE_HOME", folder_);
        environment.emplace("RES_OPTIONS", "timeout:1 attempts:1");  // where no DNS answers
        return {.words = std::move(words), .environment = std::move(environment)};
    }

    // One line on standard error that begins with the program's name; nothing of the password.
    static void expect_one_line(const Result& result, const std::string& about) {
        EXPECT_TRUE(result.err.starts_with("dlock: ")) << about << ": " << result.err;
        EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
            << about << ": " << result.err;
        EXPECT_EQ(result.out, "") << about;
        for (const char* const part : {"s3cret", "Pa:ss", "w0rd"}) {
            EXPECT_EQ(result.err.find(part), std::string::npos) << about << ": " << result.err;
        }
    }

    void expect_failure(const Start& start, int exit_code, const std::string& about) const {
        const Result result = run(start);
        EXPECT_EQ(result.exit_code, exit_code) << about << ": " << result.err;
        expect_one_line(result, about);
    }

    void expect_url_failure(const std::string& url, int exit_code) const {
        expect_failure(dlock({"run", "--url", url, "key", "--", "echo", "ran"}), exit_code, url);
        expect_failure(dlock({"run", "key", "--", "echo", "ran"}, {{"DLOCK_URL", url}}), exit_code,
                       "DLOCK_URL=" + url);
    }

    std::filesystem::path folder_;
};

TEST_F(Errors, OfUsage) {
    const std::vector<std::vector<std::string>> all{
        {"run"},
        {"run", "key"},
        {"run", "key", "--"},
        {"run", "--", "key", "true"},
        {"run", "key", "other", "--", "true"},
        {"run", "-w", "10x", "key", "--", "true"},
        {"run", "-w", "-1", "key", "--", "true"},
        {"run", "-w", "", "key", "--", "true"},
        {"run", "--wait=1e3", "key", "--", "true"},
        {"run", "-w"},
        {"run", "-n", "-w", "1", "key", "--", "true"},
        {"run", "-E", "256", "key", "--", "true"},
        {"run", "-E", "x", "key", "--", "true"},
        {"run", "--int", "key", "--", "true"},
        {"run", "--int", "9223372036854775808", "--", "true"},
        {"run", "--url", "sqlite:///x", "--url-file", "x", "key", "--", "true"},
        {"run", "--unknown=s3cret", "key", "--", "true"},
        {"run", "-ps3cret", "key", "--", "true"},
        {"run", std::string("postgresql://u:") + password + "@h/d", "key", "--", "true"},
        {"lock", "key", "--", "true"},
        {"--wait", "1"},
    };
    for (const auto& words : all) {
        std::string about;
        for (const std::string& word : words) {
            about += word + " ";
        }
        expect_failure(dlock(words), 64, about);
    }
}

TEST_F(Errors, NoCommandAtAll) {
    const Result result = run(dlock({}));
    EXPECT_EQ(result.exit_code, 64);
    EXPECT_NE(result.err.find("Usage:"), std::string::npos);
}

TEST_F(Errors, HelpIsNone) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"--help"}, {"run", "--help"}, {"run", "-n", "-h"}}) {
        const Result result = run(dlock(words));
        EXPECT_EQ(result.exit_code, 0);
        EXPECT_NE(result.out.find("Usage:"), std::string::npos);
        EXPECT_EQ(result.err, "");
    }
    EXPECT_TRUE(run(dlock({"--version"})).out.starts_with("dlock "));
}

TEST_F(Errors, OfTheUrl) {
    for (const std::string& url :
         {std::string("nonsense"), std::string("://x"), std::string("oracle://x"),
          std::string("mysql+pymysql://u:s3cret@h/d"), std::string("s3cret:w0rd://x"),
          std::string("sqlite://relative.db"), std::string("sqlite:///x?s3cret"),
          std::string("postgresql://u:") + password + "@127.0.0.1/d",
          std::string("postgresql://user=u password=") + password + " w0rd",
          std::string("postgresql://127.0.0.1/d?s3cret=w0rd"),
          std::string("postgresql://127.0.0.1:s3cret/d"),
          std::string("mysql://u:") + password + "@127.0.0.1/d",
          std::string("mysql://user=u password='") + password,
          std::string("mysql://user=u reconnect=1"), std::string("mysql://h/d?s3cret=1"),
          std::string("mysql://h:99999/d"), std::string("mysql://u:s3cret#w0rd@h/d"),
          std::string("mysql://h/d\ns3cret")}) {
        expect_url_failure(url, 78);
    }
}

TEST_F(Errors, OfAServerThatIsNotThere) {
#ifdef DLOCK_HAS_POSTGRESQL
    expect_url_failure("postgresql://u:s3cret@127.0.0.1:1/d", 69);
    expect_url_failure("postgresql://host=127.0.0.1 port=1 user=u password=s3cret", 69);
    expect_url_failure("postgres://u:s3cret@host.invalid/d", 69);
#endif
#ifdef DLOCK_HAS_MYSQL
    expect_url_failure("mysql://u:s3cret@127.0.0.1:1/d", 69);
    expect_url_failure("mariadb://u:s3cret@host.invalid/d", 69);
    expect_url_failure("mysql://unix_socket=/nonexistent user=u password=s3cret", 69);
#endif
}

TEST_F(Errors, CtrlCWhileConnecting) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(listen(listener, 5), 0);
    ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const std::string server = "u@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/d";
    for (const std::string scheme : {
#ifdef DLOCK_HAS_POSTGRESQL
             "postgresql://",
#endif
#ifdef DLOCK_HAS_MYSQL
             "mysql://",
#endif
             ""}) {
        if (scheme.empty()) {
            break;
        }
        // A server that says nothing.
        Program program(dlock({"run", "k", "--", "true"}, {{"DLOCK_URL", scheme + server}}));
        const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        program.send(SIGINT);
        const Result result = program.wait();
        EXPECT_EQ(result.exit_code, 128 + SIGINT) << scheme << result.err;
        ::close(connection);
    }
    ::close(listener);
}

#ifdef DLOCK_HAS_SQLITE
TEST_F(Errors, OfAnSqliteFile) {
    expect_url_failure("sqlite:///no/such/folder/x.db", 78);
    expect_url_failure("sqlite3://:memory:", 78);
}

TEST_F(Errors, OfTheStateFolder) {
    expect_failure(dlock({"run", "k", "--", "true"}, {{"XDG_STATE_HOME", "/proc/none"}}), 78,
                   "a folder that cannot be made");
}

TEST_F(Errors, StateFolderIsTheUsersOwn) {
    const std::filesystem::path state = folder_ / "a" / "state";
    EXPECT_EQ(run(dlock({"run", "k", "--", "true"}, {{"XDG_STATE_HOME", state}})).exit_code, 0);
    for (const auto& made : {folder_ / "a", state, state / "dlock"}) {
        struct stat status {};
        ASSERT_EQ(stat(made.c_str(), &status), 0) << made;
        EXPECT_EQ(status.st_mode & 07777U, 0700U) << made;
    }
    EXPECT_EQ(run(dlock({"run", "k", "--", "true"}, {{"XDG_STATE_HOME", ""}, {"HOME", folder_}}))
                  .exit_code,
              0);
    EXPECT_TRUE(std::filesystem::exists(folder_ / ".local/state/dlock/locks.db"));
    EXPECT_EQ(
        run(dlock({"run", "k", "--", "true"}, {{"XDG_STATE_HOME", "relative"}, {"HOME", folder_}}))
            .exit_code,
        0);
    EXPECT_FALSE(std::filesystem::exists("relative"));
}
#endif

TEST_F(Errors, OfTheUrlFile) {
    const std::filesystem::path file = folder_ / "url";
    const auto start = [&] {
        return dlock({"run", "--url-file", file, "key", "--", "echo", "ran"});
    };
    expect_failure(start(), 78, "no file");
    std::ofstream(file) << "\n";
    expect_failure(start(), 78, "an empty file");
    std::ofstream(file) << "mysql://h/d\nmysql://h/s3cret\n";
    expect_failure(start(), 78, "two lines");
#ifdef DLOCK_HAS_MYSQL
    std::ofstream(file) << "mysql://u:s3cret@127.0.0.1:1/d\n";
    chmod(file.c_str(), 0644);
    expect_failure(start(), 78, "a password for all to read");
    chmod(file.c_str(), 0640);
    expect_failure(start(), 69, "a password for the group to read");
    std::ofstream(file) << "mysql://u@127.0.0.1:1/d\n";
    chmod(file.c_str(), 0644);
    expect_failure(start(), 69, "no password");
#endif
}

}  // namespace
}  // namespace dlock_test
