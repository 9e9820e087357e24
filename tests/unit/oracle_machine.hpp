// An Oracle dialect to drive by hand, and the situations it is put in.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/oracle.hpp"
#include "machine.hpp"

#include <chrono>
#include <string>

namespace dlock::detail {

inline Machine oracle(bool xact = false) {
    return Machine(make_oracle_dialect({.xact = xact}, ActualKey(std::int64_t{123})));
}

inline Machine oracle_name(const std::string& name) {
    return Machine(make_oracle_dialect({.allocate_unique = true}, ActualKey(name)));
}

/// SOCI's backend does not know of transactions.
inline Situation oracle_session(Duration slice = Duration::max(),
                                Duration remaining = Duration::max()) {
    return {.transaction = TransactionState::unknown, .slice = slice, .remaining = remaining};
}

inline Situation oracle_mode(Mode mode) {
    Situation situation = oracle_session();
    situation.mode = mode;
    return situation;
}

/// An error as Oracle words it.
inline Reply ora(int code, const char* text = "") {
    return error({.code = code, .message = "ORA-" + std::to_string(code) + ": " + text});
}

}  // namespace dlock::detail
