// The end of a session that nobody can trust any more.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <soci/soci.h>

namespace dlock::detail {

/// Closes the session, as far as it can be closed.
inline void close_quietly(soci::session& session) noexcept {
    try {
        session.close();
    } catch (...) {
        // Its connection is gone all the same, and its locks with it.
    }
}

}  // namespace dlock::detail
