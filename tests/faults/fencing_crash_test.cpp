// Fencing tokens across crashes and restarts: a server that is killed or stopped while tokens are
// drawn never gives one again.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/own_server.hpp"
#include "faults/harness/trial.hpp"
#include "support/server_view.hpp"

#include <dlock/dlock.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dlock_test {
namespace {

class Crash : public testing::TestWithParam<const char*> {
  protected:
    // Draws on several sessions until the server goes; `end` takes it away when at least `wanted`
    // are drawn.
    std::vector<std::int64_t> draw_until(void (OwnServer::*end)(), OwnServer& server,
                                         std::size_t wanted) {
        const Database& database = server.database(GetParam());
        std::mutex mutex;
        std::vector<std::int64_t> tokens;
        std::atomic<bool> over{false};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, key = std::to_string(i % 2)] {
                try {
                    const auto sql = database.open_admin();
                    const auto lock = dlock::create_lock(*sql, key, {.fencing = true});
                    while (!over) {
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
        EXPECT_TRUE(eventually(
            [&] {
                const std::lock_guard guard(mutex);
                return tokens.size() >= wanted;
            },
            120s));
        (server.*end)();
        over = true;  // for who came late, and found the server restarted
        for (std::thread& thread : threads) {
            thread.join();
        }
        return tokens;
    }
};
INSTANTIATE_TEST_SUITE_P(Servers, Crash, testing::Values("postgresql", "mariadb", "mysql"),
                         [](const auto& info) { return info.param; });

TEST_P(Crash, no_token_comes_twice) {
    std::unique_ptr<OwnServer> server;
    try {
        server = std::make_unique<OwnServer>(GetParam());
    } catch (const NotApplicable& reason) {
        GTEST_SKIP() << reason.what();
    }
    const Database& database = server->database(GetParam());
    dlock::create_fencing_schema(*database.open_admin());
    std::vector<std::int64_t> all;
    for (const auto end : {&OwnServer::crash, &OwnServer::crash, &OwnServer::restart,
                           &OwnServer::crash, &OwnServer::restart}) {
        if (GetParam() != std::string("postgresql")) {
            // What the promise needs of MySQL and MariaDB: the servers of the tests wait for no
            // disk. PostgreSQL's session is told by the library to wait.
            *database.open_admin() << "set global innodb_flush_log_at_trx_commit = 1";
        }
        const std::int64_t before = all.empty() ? 0 : *std::max_element(all.begin(), all.end());
        const auto drawn = draw_until(end, *server, 200);
        ASSERT_FALSE(drawn.empty());
        EXPECT_GT(*std::min_element(drawn.begin(), drawn.end()), before);
        all.insert(all.end(), drawn.begin(), drawn.end());
        if (end == &OwnServer::crash) {
            server->start();
        }
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
    const auto sql = database.open_admin();
    const auto lock = dlock::create_lock(*sql, "0", {.fencing = true});
    lock->lock();
    EXPECT_GT(lock->fencing_token().value(), all.back());
}

}  // namespace
}  // namespace dlock_test
