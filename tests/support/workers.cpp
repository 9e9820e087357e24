// SPDX-License-Identifier: BSL-1.0
#include "support/workers.hpp"

#include "support/server_view.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace dlock_test {

Workers::Workers(std::string program, const Database& database, std::string key)
    : program_(std::move(program)),
      url_(database.url),
      key_(std::move(key)),
      path_(std::filesystem::temp_directory_path() / unique_key("dlock-ledger")),
      ledger_(path_) {}

Workers::~Workers() {
    for (const pid_t pid : pids_) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    std::filesystem::remove(path_);
}

void Workers::add(const char* mode, std::chrono::microseconds hold) {
    const std::string number = std::to_string(pids_.size());
    const std::string time = std::to_string(hold.count());
    const pid_t pid = fork();
    if (pid == 0) {
        execl(program_.c_str(), program_.c_str(), url_.c_str(), key_.c_str(), path_.c_str(),
              number.c_str(), time.c_str(), mode, static_cast<char*>(nullptr));
        _exit(127);
    }
    pids_.push_back(pid);
}

bool Workers::run_until(long long grants, std::chrono::milliseconds limit) {
    const int count = static_cast<int>(pids_.size());
    bool good =
        eventually([&] { return ledger_.ready_count() == count; }, std::chrono::seconds(60));
    ledger_.start();
    good = eventually([&] { return total() >= grants; }, limit) && good;
    ledger_.stop();
    for (const pid_t pid : pids_) {
        int status = 0;
        good = waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
               good;
    }
    pids_.clear();
    return good;
}

long long Workers::total() const {
    long long sum = 0;
    for (int i = 0; i < Ledger::max_workers; ++i) {
        sum += ledger_.grants(i);
    }
    return sum;
}

}  // namespace dlock_test
