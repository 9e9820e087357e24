// SPDX-License-Identifier: BSL-1.0
#include "signals.hpp"

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
    ending_or_child_ = ending_;
    sigaddset(&ending_or_child_, SIGCHLD);

    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, nullptr);  // a lost connection is an error, not an end
    action.sa_handler = SIG_DFL;
    (void)sigaction(SIGCHLD, &action, nullptr);  // if ignored, exit codes would be lost
    (void)pthread_sigmask(SIG_BLOCK, &ending_or_child_, &start_mask_);
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

siginfo_t Signals::wait() const noexcept {
    siginfo_t info{};
    while (sigwaitinfo(&ending_or_child_, &info) < 0) {
        // Stopped and continued.
    }
    return info;
}

void Signals::restore() const noexcept {
    for (int number = 1; number < NSIG; ++number) {
        (void)sigaction(number, &start_actions_[number], nullptr);
    }
    (void)sigprocmask(SIG_SETMASK, &start_mask_, nullptr);
}

}  // namespace dlock::cli
