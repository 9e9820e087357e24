// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

namespace dlock_test {

Process::Process(Trial& trial, const std::string& environment) : trial_(trial) {
    int input[2];
    int output[2];
    if (pipe2(input, O_CLOEXEC) != 0) {
        throw Broken("no pipe");
    }
    if (pipe2(output, O_CLOEXEC) != 0) {
        close(input[0]);
        close(input[1]);
        throw Broken("no pipe");
    }
    // Made before the fork: the child must not allocate.
    const std::string history = trial.history_path();
    const std::string ledger = trial.ledger_path();
    pid_ = fork();
    if (pid_ == 0) {
        dup2(input[0], 0);
        dup2(output[1], 1);
        const char* const env = "/usr/bin/env";
        environment.empty()
            ? execl(DLOCK_FAULT_WORKER, DLOCK_FAULT_WORKER, trial.database().url.c_str(),
                    trial.key().c_str(), history.c_str(), ledger.c_str(),
                    trial.column().pool_mode.c_str(), static_cast<char*>(nullptr))
            : execl(env, env, "-S", environment.c_str(), DLOCK_FAULT_WORKER,
                    trial.database().url.c_str(), trial.key().c_str(), history.c_str(),
                    ledger.c_str(), trial.column().pool_mode.c_str(), static_cast<char*>(nullptr));
        _exit(127);
    }
    close(input[0]);
    close(output[1]);
    input_ = input[1];
    output_ = output[0];
    try {
        std::istringstream ready(next_line(40s));
        std::string word;
        if (!(ready >> word >> owner_ >> session_id_)) {
            throw Broken(word);
        }
    } catch (const std::exception&) {
        kill();
        close(input_);
        close(output_);
        throw Broken("the worker process did not start");
    }
}

Process::~Process() {
    may_be_dropped();
    kill();
    close(input_);
    close(output_);
}

void Process::send(const std::string& command) {
    command_ = command;
    const std::string line = command + "\n";
    trial_.need(write(input_, line.data(), line.size()) == static_cast<ssize_t>(line.size()),
                "the worker process takes no command");
}

std::string Process::answer(std::chrono::milliseconds limit) {
    std::string line = next_line(limit);
    const bool acquire = command_.starts_with("acquire");
    const bool granted = acquire && line == "yes";
    const bool free = (acquire && line == "no") || (command_ == "release" && line == "yes");
    if (session_id_ != 0 && (free || (granted && !doubtful_))) {
        trial_.server_must_say(session_id_, granted ? 1 : 0, "after " + command_ + ": " + line);
    }
    if (line.starts_with("error")) {
        trial_.saw(dlock::errc::database_error);
    }
    return line;
}

std::string Process::next_line(std::chrono::milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    for (;;) {
        if (const auto end = unread_.find('\n'); end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd waiting{output_, POLLIN, 0};
        if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
            throw Broken("I11: the worker process does not answer");
        }
        char buffer[256];
        const ssize_t size = read(output_, buffer, sizeof buffer);
        if (size <= 0) {
            throw Broken("the worker process ended without an answer");
        }
        unread_.append(buffer, static_cast<std::size_t>(size));
    }
}

std::string Process::call(const std::string& command) {
    send(command);
    return answer();
}

void Process::must_acquire() {
    const std::string got = call("acquire 30000");
    trial_.need(got == "yes", "a process that must be granted the lock: " + got);
}

void Process::may_be_dropped() {
    doubtful_ = true;
    trial_.history().drop(owner_);
    trial_.ledger().declare_dead(owner_);
}

void Process::signal(int number) const {
    ::kill(pid_, number);
}

void Process::pause() {
    signal(SIGSTOP);
    int status = 0;
    waitpid(pid_, &status, WUNTRACED);
}

void Process::resume() const {
    signal(SIGCONT);
}

void Process::kill() {
    if (pid_ > 0) {
        signal(SIGKILL);
        (void)wait();
    }
}

int Process::wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
}

}  // namespace dlock_test
