// SPDX-License-Identifier: BSL-1.0
#include "signal_watcher.hpp"

#include "exit_codes.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace dlock::cli {

SignalWatcher::SignalWatcher(const Signals& signals)
    : signals_(signalfd(-1, &signals.ending(), SFD_CLOEXEC | SFD_NONBLOCK)),
      end_(eventfd(0, EFD_CLOEXEC)) {
    if (signals_ < 0 || end_ < 0) {
        const int error = errno;
        ::close(signals_);
        ::close(end_);
        throw std::system_error(error, std::generic_category(), "signalfd");
    }
    thread_ = std::jthread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
    (void)finish();
    ::close(signals_);
    ::close(end_);
}

int SignalWatcher::finish() {
    (void)eventfd_write(end_, 1);
    for (std::jthread* const thread : {&thread_, &stopper_}) {
        if (thread->joinable()) {
            thread->join();
        }
    }
    return signal_;
}

void SignalWatcher::watch() {
    pollfd events[] = {{.fd = end_, .events = POLLIN, .revents = 0},
                       {.fd = signals_, .events = POLLIN, .revents = 0}};
    while (true) {
        if (poll(events, 2, -1) < 0) {
            continue;
        }
        if (events[0].revents != 0) {
            return;  // a signal that has just come stays for whoever takes signals next
        }
        signalfd_siginfo info{};
        if (::read(signals_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) {
            continue;
        }
        const int number = static_cast<int>(info.ssi_signo);
        if (!waiting_ || signal_ != 0) {
            _exit(exit_signal + number);
        }
        signal_ = number;
        try {
            // Not on this thread: asking the server may block, and a second Ctrl-C must still work.
            stopper_ = std::jthread([this] { stop_.request_stop(); });
        } catch (const std::system_error&) {
            _exit(exit_signal + number);  // there is no thread left
        }
    }
}

}  // namespace dlock::cli
