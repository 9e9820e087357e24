// Signals and the library's own threads.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <csignal>

namespace dlock::detail {

/// While it lives no signal from outside is delivered to the calling thread. A thread that is made
/// meanwhile inherits that for good: the program's signals are for the program's own threads.
class BlockedSignals {
  public:
    BlockedSignals() {
        sigset_t all;
        sigfillset(&all);
        for (const int own_fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
            sigdelset(&all, own_fault);
        }
        (void)pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;
    ~BlockedSignals() { (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

}  // namespace dlock::detail
