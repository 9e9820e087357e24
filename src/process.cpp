// SPDX-License-Identifier: BSL-1.0
#include "process.hpp"

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

namespace dlock::detail {

long current_process() noexcept {
#ifdef _WIN32
    return _getpid();
#else
    return getpid();
#endif
}

}  // namespace dlock::detail
