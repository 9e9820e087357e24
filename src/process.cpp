// SPDX-License-Identifier: BSL-1.0
#include "process.hpp"

#ifdef _WIN32
#include <process.h>
#else
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#endif

namespace dlock::detail {

#ifdef _WIN32

long current_process() noexcept {
    return _getpid();
}

#else

namespace {

std::atomic<long> process{0};

void remember_process() noexcept {
    process = getpid();
}

}  // namespace

// Remembered, since it is asked for several times in each acquire and release, and the system call
// is most of what some of them cost. A child made without fork() (a raw clone()) is not noticed.
long current_process() noexcept {
    static const int watched =
        (remember_process(), pthread_atfork(nullptr, nullptr, remember_process));
    return watched == 0 ? process.load(std::memory_order_relaxed) : getpid();
}

#endif

}  // namespace dlock::detail
