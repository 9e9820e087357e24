// A PostgreSQL dialect to drive by hand, and the situations it is put in.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/postgresql.hpp"
#include "machine.hpp"

#include <chrono>

namespace dlock::detail {

constexpr std::uint64_t backend_pid = 4711;

inline Machine postgresql(PostgresqlSettings settings = {.server_version = 150020},
                          const ActualKey& key = ActualKey(std::int64_t{42})) {
    return Machine(make_postgresql_dialect(settings, key));
}

inline Machine postgresql_xact(int version = 150020) {
    return postgresql({.server_version = version, .xact = true});
}

inline Situation idle(Mode mode = Mode::exclusive) {
    return {.identity = backend_pid, .transaction = TransactionState::idle, .mode = mode};
}

inline Situation active(Mode mode = Mode::exclusive) {
    return {.identity = backend_pid, .transaction = TransactionState::active, .mode = mode};
}

inline Situation failed(Mode mode = Mode::exclusive) {
    return {.identity = backend_pid, .transaction = TransactionState::failed, .mode = mode};
}

inline Situation waiting(Situation situation, Duration slice = std::chrono::seconds(10),
                         Duration remaining = Duration::max()) {
    situation.slice = slice;
    situation.remaining = remaining;
    return situation;
}

}  // namespace dlock::detail
