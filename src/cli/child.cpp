// SPDX-License-Identifier: BSL-1.0
#include "child.hpp"

#include "descriptors.hpp"
#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace dlock::cli {
namespace {

// Only async-signal-safe calls: nothing here may need a lock that a library held at the fork.
[[noreturn]] void become_command(char* const* words, const Command& command, const Signals& signals,
                                 pid_t parent, int report) noexcept {
    const int death_signal = command.lock_descriptor >= 0 ? SIGTERM : SIGKILL;
    (void)prctl(PR_SET_PDEATHSIG, death_signal);
    if (getppid() != parent) {
        _exit(exit_signal + death_signal);  // it died before prctl()
    }
    if (command.lock_descriptor >= 0) {
        hand_over(command.lock_descriptor);
    }
    signals.restore();
    execvp(words[0], words);
    const int error = errno;
    (void)!::write(report, &error, sizeof error);
    _exit(exit_not_found);
}

constexpr std::chrono::hours most_grace{24 * 365};

// The errno of an exec that failed, 0 when the command runs or died before.
int read_report(int report) {
    int error = 0;
    ssize_t size = 0;
    do {
        size = ::read(report, &error, sizeof error);
    } while (size < 0 && errno == EINTR);
    return size == static_cast<ssize_t>(sizeof error) ? error : 0;
}

void forward(const siginfo_t& info, pid_t child) {
    // What the terminal sends, it sends to the whole foreground group; a second Ctrl-C would make
    // some programs end without cleaning up.
    if (info.si_code == SI_KERNEL && getpgid(child) == getpgrp()) {
        return;
    }
    (void)kill(child, info.si_signo);
}

int wait_for(pid_t child, const Command& command, const Signals& signals) {
    using Clock = std::chrono::steady_clock;
    bool stopping = false;
    std::optional<Clock::time_point> kill_at;
    while (true) {
        const auto info = signals.wait(kill_at);
        if (!info.has_value()) {
            (void)kill(child, SIGKILL);
            kill_at.reset();
            continue;
        }
        if (info->si_signo == Signals::loss() && (info->si_pid == getpid() || info->si_pid == 0)) {
            if (!std::exchange(stopping, true)) {
                (void)kill(child, SIGTERM);
                (void)kill(child, SIGCONT);  // one that is stopped would not notice
                kill_at = Clock::now() + std::min<Clock::duration>(command.grace, most_grace);
            }
            continue;
        }
        if (info->si_signo != SIGCHLD) {
            forward(*info, child);
            continue;
        }
        // All children: the command's orphans are ours to bury if this is process 1.
        int status = 0;
        for (pid_t ended = 0; (ended = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (ended == child) {
                return WIFSIGNALED(status) ? exit_signal + WTERMSIG(status) : WEXITSTATUS(status);
            }
        }
    }
}

void add_to_environment(const Command& command) {
    for (const auto& [name, value] : command.environment) {
        if (setenv(name.c_str(), value.c_str(), 1) != 0) {
            throw std::bad_alloc();
        }
    }
}

}  // namespace

int run_command(const Command& command, const Signals& signals) {
    std::vector<char*> words;
    for (const std::string& word : command.words) {
        words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    add_to_environment(command);

    int report[2] = {-1, -1};
    if (pipe2(report, O_CLOEXEC) != 0) {
        throw Failure(exit_internal, std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        become_command(words.data(), command, signals, parent, report[1]);
    }
    const int fork_error = errno;
    ::close(report[1]);
    if (child < 0) {
        ::close(report[0]);
        throw Failure(exit_internal,
                      std::string("cannot start a process: ") + std::strerror(fork_error));
    }
    // What came before the fork did not reach the child, not even from the terminal.
    while (const auto info = signals.take()) {
        (void)kill(child, info->si_signo);
    }
    const int error = read_report(report[0]);
    ::close(report[0]);
    const int exit_code = wait_for(child, command, signals);
    if (error != 0) {
        const bool missing = error == ENOENT;
        throw Failure(missing ? exit_not_found : exit_cannot_execute,
                      missing ? "there is no command " + in_quotes(command.words.front()) +
                                    "; check its name and PATH"
                              : "cannot execute " + in_quotes(command.words.front()) + ": " +
                                    std::strerror(error));
    }
    return exit_code;
}

}  // namespace dlock::cli
