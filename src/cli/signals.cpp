// SPDX-License-Identifier: BSL-1.0
#include "signals.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace dlock::cli {
namespace {

// All that end a process by default and are sent by somebody, not by a fault of the program.
constexpr int ending_signals[] = {SIGHUP,  SIGINT,  SIGQUIT,   SIGTERM, SIGUSR1,
                                  SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO};

}  // namespace

Signals::Signals() noexcept {
    for (int number = 1; number < NSIG; ++number) {
        start_actions_[number] = {};
        (void)sigaction(number, nullptr, &start_actions_[number]);
    }
    sigemptyset(&ending_);
    for (const int number : ending_signals) {
        if (start_actions_[number].sa_handler != SIG_IGN) {
            sigaddset(&ending_, number);
        }
    }
    all_ = ending_;
    sigaddset(&all_, SIGCHLD);
    sigaddset(&all_, loss());

    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, nullptr);  // a lost connection is an error, not an end
    action.sa_handler = SIG_DFL;
    (void)sigaction(SIGCHLD, &action, nullptr);  // if ignored, exit codes would be lost
    (void)pthread_sigmask(SIG_BLOCK, &all_, &start_mask_);
}

std::optional<siginfo_t> Signals::take() const noexcept {
    siginfo_t info{};
    const timespec now{};
    while (sigtimedwait(&ending_, &info, &now) < 0) {
        if (errno != EINTR) {
            return std::nullopt;
        }
    }
    return info;
}

void Signals::tell_loss() noexcept {
    (void)kill(getpid(), loss());
}

std::optional<siginfo_t> Signals::wait(
    std::optional<std::chrono::steady_clock::time_point> until) const noexcept {
    using std::chrono::nanoseconds;
    constexpr nanoseconds::rep second = 1'000'000'000;
    siginfo_t info{};
    while (true) {
        int number = -1;
        if (until.has_value()) {
            const nanoseconds left =
                std::max<nanoseconds>(*until - std::chrono::steady_clock::now(), nanoseconds(0));
            const timespec limit{.tv_sec = left.count() / second, .tv_nsec = left.count() % second};
            number = sigtimedwait(&all_, &info, &limit);
        } else {
            number = sigwaitinfo(&all_, &info);
        }
        if (number >= 0) {
            return info;
        }
        if (errno == EAGAIN) {
            return std::nullopt;
        }
        // Stopped and continued.
    }
}

void Signals::restore() const noexcept {
    for (int number = 1; number < NSIG; ++number) {
        (void)sigaction(number, &start_actions_[number], nullptr);
    }
    (void)sigprocmask(SIG_SETMASK, &start_mask_, nullptr);
}

}  // namespace dlock::cli
