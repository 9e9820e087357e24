// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "lock_state.hpp"

#include <dlock/fencing.hpp>

#include <soci/soci.h>

#include <string>

namespace dlock {
namespace {

using detail::LockParts;
using detail::LockState;

// Those who create the counter at the same time take turns: CREATE ... IF NOT EXISTS alone may fail
// then.
LockState lock_of(soci::session& session) {
    return LockState(detail::make_lock_parts(session, Key("dlock:fencing"), {}));
}

detail::Reply ask(const LockParts& parts, const char* sql) {
    detail::Reply reply;
    parts.driver->execute({.sql = sql}, reply);
    return reply;
}

[[noreturn]] void fail(const LockParts& parts, errc error, const char* text,
                       const NativeError& native) {
    throw LockError(error, parts.capabilities.database + ": " + text, {}, native);
}

void create(const LockParts& parts, const char* sql) {
    const detail::Reply reply = ask(parts, sql);
    if (reply.connection_lost) {
        fail(parts, errc::session_lost, "the connection is gone", reply.native);
    }
    if (reply.failed) {
        const errc error = parts.dialect->kind_of(reply.native);
        fail(parts, error,
             error == errc::permission_denied
                 ? "the counter for fencing tokens has to be created by a login that may do so"
                 : "the counter for fencing tokens could not be created",
             reply.native);
    }
}

}  // namespace

void create_fencing_schema(soci::session& session) {
    LockState lock = lock_of(session);
    const LockParts& parts = lock.parts();
    if (parts.driver->transaction() == TransactionState::active) {
        fail(parts, errc::transaction_open,
             "the counter for fencing tokens cannot be created inside the open transaction", {});
    }
    (void)lock.acquire(Mode::exclusive, forever, {});
    const detail::FencingSchema& schema = parts.dialect->fencing_schema();
    // A login that may use the counter need not be one that may create it.
    if (!ask(parts, schema.find).has_row) {
        for (const char* const sql : schema.create) {
            if (sql != nullptr) {
                create(parts, sql);
            }
        }
    }
    lock.release();
}

std::string fencing_grant(soci::session& session) {
    return lock_of(session).parts().dialect->fencing_schema().grant;
}

}  // namespace dlock
