// Fencing tokens across crashes: a server that is killed while tokens are drawn never gives one
// again.
// SPDX-License-Identifier: BSL-1.0
#include "support/server_view.hpp"

#include <dlock/dlock.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dlock_test {
namespace {

// A server of the test's own, which it may kill.
class OwnServer {
  public:
    explicit OwnServer(const std::string& name) : name_(name) {
        std::string pattern = std::filesystem::temp_directory_path() / "dlock-crash-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        // PostgreSQL runs as another user where this is root.
        std::filesystem::permissions(folder_, std::filesystem::perms(0755));
        script("start " + folder_ + " " + name_);
    }
    ~OwnServer() {
        script("stop " + folder_);
        std::filesystem::remove_all(folder_);
    }
    OwnServer(const OwnServer&) = delete;
    OwnServer& operator=(const OwnServer&) = delete;

    [[nodiscard]] bool is_there() const { return !url().empty(); }

    [[nodiscard]] std::unique_ptr<soci::session> open() const {
        return std::make_unique<soci::session>(url());
    }

    // It has no time to write anything.
    void crash() {
        long long pid = 0;
        std::ifstream(folder_ + "/" + name_ + "/pid") >> pid;
        ASSERT_GT(pid, 1);
        ASSERT_EQ(kill(static_cast<pid_t>(pid), SIGKILL), 0);
    }

    void start_again() { script("restart " + folder_ + " " + name_); }

  private:
    // The administrator's.
    [[nodiscard]] std::string url() const {
        std::ifstream lines(folder_ + "/admin");
        std::string name;
        std::string url;
        while (std::getline(lines, name, '\t') && std::getline(lines, url)) {
            if (name == name_) {
                return url;
            }
        }
        return "";
    }

    static void script(const std::string& arguments) {
        const std::string command =
            std::string(DLOCK_SERVERS_SCRIPT) + " " + arguments + " >/dev/null 2>&1";
        (void)!std::system(command.c_str());
    }

    std::string name_;
    std::string folder_;
};

class Crash : public testing::TestWithParam<const char*> {
  protected:
    // Draws on several sessions until the server goes; at least `wanted` before it is killed.
    std::vector<std::int64_t> draw_until_crash(OwnServer& server, std::size_t wanted) {
        std::mutex mutex;
        std::vector<std::int64_t> tokens;
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, key = std::to_string(i % 2)] {
                try {
                    const auto sql = server.open();
                    const auto lock = dlock::create_lock(*sql, key, {.fencing = true});
                    while (true) {
                        lock->lock();
                        {
                            const std::lock_guard guard(mutex);
                            tokens.push_back(lock->fencing_token().value());
                        }
                        lock->release();
                    }
                } catch (const std::exception&) {
                    // The server is gone.
                }
            });
        }
        EXPECT_TRUE(eventually([&] {
            const std::lock_guard guard(mutex);
            return tokens.size() >= wanted;
        }));
        server.crash();
        for (std::thread& thread : threads) {
            thread.join();
        }
        return tokens;
    }
};
INSTANTIATE_TEST_SUITE_P(Servers, Crash, testing::Values("postgresql", "mariadb", "mysql"),
                         [](const auto& info) { return info.param; });

TEST_P(Crash, no_token_comes_twice) {
    OwnServer server(GetParam());
    if (!server.is_there()) {
        GTEST_SKIP() << "this server is not installed";
    }
    dlock::create_fencing_schema(*server.open());
    std::vector<std::int64_t> all;
    for (int round = 0; round < 3; ++round) {
        if (GetParam() != std::string("postgresql")) {
            // What the promise needs of MySQL and MariaDB: the servers of the tests wait for no
            // disk. PostgreSQL's session is told by the library to wait.
            *server.open() << "set global innodb_flush_log_at_trx_commit = 1";
        }
        const std::int64_t before = all.empty() ? 0 : *std::max_element(all.begin(), all.end());
        const auto drawn = draw_until_crash(server, 200);
        ASSERT_FALSE(drawn.empty());
        EXPECT_GT(*std::min_element(drawn.begin(), drawn.end()), before) << "round " << round;
        all.insert(all.end(), drawn.begin(), drawn.end());
        server.start_again();
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
    const auto sql = server.open();
    const auto lock = dlock::create_lock(*sql, "0", {.fencing = true});
    lock->lock();
    EXPECT_GT(lock->fencing_token().value(), all.back());
}

}  // namespace
}  // namespace dlock_test
