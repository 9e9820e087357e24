// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "loss/socket.hpp"

#include <dlock/keepalive.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace dlock {
namespace {

using detail::LockParts;
using std::chrono::seconds;

constexpr seconds shortest{2};
constexpr seconds longest{24 * 3600};

void check_idle(const LockParts& parts) {
    switch (parts.driver->transaction()) {
        case TransactionState::busy:
            throw LockError(errc::session_busy, parts.capabilities.database);
        case TransactionState::failed:
            throw LockError(errc::transaction_failed, parts.capabilities.database);
        default:
            break;
    }
}

// True if the server has such settings.
bool ask_server(const LockParts& parts, seconds silence) {
    const detail::Statement statement{.sql = parts.dialect->keepalive(silence)};
    if (statement.sql.empty()) {
        return false;
    }
    check_idle(parts);
    detail::Reply reply;
    parts.driver->execute(statement, reply);
    if (reply.failed) {
        throw LockError(
            reply.connection_lost ? errc::session_lost : parts.dialect->kind_of(reply.native),
            parts.capabilities.database + ": the keepalive settings were refused", "",
            reply.native);
    }
    return true;
}

}  // namespace

Keepalive set_keepalive(soci::session& session, Duration silence) {
    if (silence < shortest) {
        throw LockError(errc::invalid_option, "`silence` must be at least two seconds");
    }
    const seconds whole = std::min(std::chrono::floor<seconds>(silence), longest);
    const LockParts parts = detail::make_lock_parts(session, Key("keepalive"), {});
    Keepalive done;
    done.server = ask_server(parts, whole);
    done.client = detail::set_keepalive(parts.driver->socket(), whole);
    return done;
}

}  // namespace dlock
