// The end of a session that nobody can trust any more.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "loss/socket.hpp"

#include <soci/soci.h>

namespace dlock::detail {

/// Closes the session, as far as it can be closed, and its socket for all who have it: a loss
/// watch, and processes that inherited it. Else the server would wait for them.
inline void close_quietly(soci::session& session, int socket = -1) noexcept {
    const Socket copy(socket, std::nothrow);
    if (copy.descriptor() < 0) {
        shut_down(socket);  // no descriptor is left: without a goodbye
    }
    try {
        session.close();
    } catch (...) {
        // Its connection is gone all the same, and its locks with it.
    }
    copy.shut_down();
}

}  // namespace dlock::detail
