// What must hold for every input: a harness that finds it broken ends with the input as a crash.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
#include <cstdlib>

namespace dlock_fuzz {

inline void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "BROKEN: %s\n", what);
        std::abort();
    }
}

}  // namespace dlock_fuzz
