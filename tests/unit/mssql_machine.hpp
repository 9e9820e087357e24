// A SQL Server dialect to drive by hand, and the situations it is put in.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/mssql.hpp"
#include "machine.hpp"

#include <chrono>
#include <string>

namespace dlock::detail {

inline Machine mssql(const std::string& name = "key") {
    return Machine(make_mssql_dialect({}, ActualKey(name)));
}

inline Machine mssql_xact(const std::string& name = "key") {
    return Machine(make_mssql_dialect({.xact = true}, ActualKey(name)));
}

inline Situation mssql_session(Duration slice = Duration::max(),
                               Duration remaining = Duration::max()) {
    return {.transaction = TransactionState::unknown, .slice = slice, .remaining = remaining};
}

inline Situation mssql_mode(Mode mode) {
    Situation situation = mssql_session();
    situation.mode = mode;
    return situation;
}

/// What a try or a wait answers: sp_getapplock's code, @@TRANCOUNT and XACT_STATE().
inline Reply mssql_answer(std::int64_t result, std::int64_t depth = 0, std::int64_t state = 0) {
    return row({result, depth, state});
}

}  // namespace dlock::detail
