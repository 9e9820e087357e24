// Real processes that contend, and that are killed.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"
#include "support/ledger.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace dlock_test {
namespace {

// Worker processes; killed at the end if they still run.
class Workers {
  public:
    Workers(const Database& database, std::string key)
        : url_(database.url),
          key_(std::move(key)),
          path_(std::filesystem::temp_directory_path() / (unique_key("dlock-ledger"))),
          ledger_(path_) {}
    ~Workers() {
        for (const pid_t pid : pids_) {
            kill(pid, SIGKILL);
            waitpid(pid, nullptr, 0);
        }
        std::filesystem::remove(path_);
    }

    void add(const char* mode, std::chrono::microseconds hold) {
        const std::string number = std::to_string(pids_.size());
        const std::string time = std::to_string(hold.count());
        const pid_t pid = fork();
        if (pid == 0) {
            execl(DLOCK_TEST_WORKER, DLOCK_TEST_WORKER, url_.c_str(), key_.c_str(), path_.c_str(),
                  number.c_str(), time.c_str(), mode, static_cast<char*>(nullptr));
            _exit(127);
        }
        pids_.push_back(pid);
    }

    // Lets all run until together they were granted `grants` times; true if all ended well.
    [[nodiscard]] bool run_until(long long grants) {
        const int count = static_cast<int>(pids_.size());
        bool good = eventually([&] { return ledger_.ready_count() == count; }, 60s);
        ledger_.start();
        good = eventually([&] { return total() >= grants; }, 120s) && good;
        ledger_.stop();
        for (const pid_t pid : pids_) {
            int status = 0;
            good = waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
                   WEXITSTATUS(status) == 0 && good;
        }
        pids_.clear();
        return good;
    }

    [[nodiscard]] long long total() const {
        long long sum = 0;
        for (int i = 0; i < Ledger::max_workers; ++i) {
            sum += ledger_.grants(i);
        }
        return sum;
    }

    [[nodiscard]] Ledger& ledger() { return ledger_; }
    [[nodiscard]] pid_t pid(std::size_t worker) const { return pids_[worker]; }

  private:
    std::string url_;
    std::string key_;
    std::string path_;
    Ledger ledger_;
    std::vector<pid_t> pids_;
};

}  // namespace

class Processes : public OnEachDatabase {
  protected:
    void SetUp() override {
        if (GetParam().is_simulated()) {
            GTEST_SKIP() << "a simulated server lives in one process";
        }
        OnEachDatabase::SetUp();
    }

    void contend(std::chrono::microseconds hold, long long grants) {
        constexpr int count = 8;
        Workers workers(GetParam(), key_);
        for (int i = 0; i < count; ++i) {
            workers.add("loop", hold);
        }
        ASSERT_TRUE(workers.run_until(grants));
        EXPECT_EQ(workers.ledger().overlaps(), 0);
        long long least = grants;
        std::string shares;
        for (int i = 0; i < count; ++i) {
            least = std::min(least, workers.ledger().grants(i));
            shares += std::to_string(workers.ledger().grants(i)) + " ";
        }
        EXPECT_GE(least * 2, workers.total() / count) << "shares: " << shares;
        RecordProperty("shares", shares);
    }
};
DLOCK_ON_EACH_DATABASE(Processes);

TEST_P(Processes, eight_exclude_each_other_and_share_fairly_with_empty_critical_sections) {
    if (is_async()) {
        GTEST_SKIP() << "the worker processes are blocking";
    }
    // Enough for the scheduler's turns not to decide: SQLite grants 100,000 in a second.
    contend(0us, GetParam().is_sqlite() ? 400000 : 20000);
}

TEST_P(Processes, eight_exclude_each_other_and_share_fairly_with_short_critical_sections) {
    if (is_async()) {
        GTEST_SKIP() << "the worker processes are blocking";
    }
    contend(1000us, 1600);
}

TEST_P(Processes, readers_and_writers_exclude_each_other) {
    if (is_async()) {
        GTEST_SKIP() << "the worker processes are blocking";
    }
    if (!has_shared()) {
        GTEST_SKIP() << "no shared mode";
    }
    Workers workers(GetParam(), key_);
    for (int i = 0; i < 4; ++i) {
        workers.add("shared", 500us);
    }
    for (int i = 0; i < 2; ++i) {
        workers.add("loop", 500us);
    }
    ASSERT_TRUE(workers.run_until(2000));
    EXPECT_EQ(workers.ledger().overlaps(), 0);
    for (int i = 0; i < 6; ++i) {
        EXPECT_GT(workers.ledger().grants(i), 0) << "worker " << i << " starved";
    }
}

TEST_P(Processes, a_waiter_is_granted_when_the_holder_is_killed) {
    Workers workers(GetParam(), key_);
    workers.add("hold", 0us);
    ASSERT_TRUE(eventually([&] { return workers.ledger().ready_count() == 1; }));
    const auto lock = lock_a();
    EXPECT_FALSE(lock->try_lock());
    auto waiting = in_thread([&] { return lock->try_lock_for(20s); });
    wait_for_waiters(*lock, 1);
    kill(workers.pid(0), SIGKILL);
    EXPECT_TRUE(waiting.get());
}

TEST_P(Processes, a_killed_waiter_leaves_the_queue) {
    const auto lock = lock_a();
    lock->lock();
    Workers workers(GetParam(), key_);
    workers.add("hold", 0us);
    wait_for_waiters(*lock, 1);
    kill(workers.pid(0), SIGKILL);
    if (!GetParam().is_sqlite()) {
        EXPECT_TRUE(eventually([&] { return view().waiters(lock->actual_key()) == 0; }))
            << "a ghost stands in the queue";
    }
    lock->release();
    EXPECT_TRUE(eventually([&] { return is_free(); }));
}

}  // namespace dlock_test
