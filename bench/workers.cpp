// SPDX-License-Identifier: BSL-1.0
#include "workers.hpp"

#include "support/server_view.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace dlock_bench {

using namespace std::chrono_literals;

Workers::Workers(const dlock_test::Database& database, std::string key)
    : url_(database.url),
      key_(std::move(key)),
      path_(std::filesystem::temp_directory_path() / dlock_test::unique_key("dlock-ledger")),
      ledger_(path_) {}

Workers::~Workers() {
    for (const pid_t pid : pids_) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

void Workers::add(const char* mode, std::chrono::microseconds hold) {
    const std::string number = std::to_string(pids_.size());
    const std::string time = std::to_string(hold.count());
    const pid_t pid = fork();
    if (pid == 0) {
        execl(DLOCK_BENCH_WORKER, DLOCK_BENCH_WORKER, url_.c_str(), key_.c_str(), path_.c_str(),
              number.c_str(), time.c_str(), mode, static_cast<char*>(nullptr));
        _exit(127);
    }
    pids_.push_back(pid);
}

void Workers::wait_until_ready() {
    const int count = static_cast<int>(pids_.size());
    if (!dlock_test::eventually([&] { return ledger_.ready_count() == count; }, 60s)) {
        throw std::runtime_error("the workers do not start");
    }
}

void Workers::kill_first() {
    kill(pids_.front(), SIGKILL);
}

void Workers::wait_for_end() {
    for (const pid_t pid : std::exchange(pids_, {})) {
        int status = 0;
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            throw std::runtime_error("a worker has failed");
        }
    }
}

}  // namespace dlock_bench
