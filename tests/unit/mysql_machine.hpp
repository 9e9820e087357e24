// A MySQL or MariaDB dialect to drive by hand, and the situations it is put in.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/mysql.hpp"
#include "machine.hpp"

#include <chrono>

namespace dlock::detail {

constexpr std::uint64_t connection_id = 815;
constexpr MysqlFlavour flavours[] = {MysqlFlavour::mysql, MysqlFlavour::mariadb};

inline Machine mysql(MysqlFlavour flavour, const std::string& name = "key", bool check = true) {
    return Machine(
        make_mysql_dialect({.flavour = flavour, .check_identity = check}, ActualKey(name)));
}

inline Situation mysql_session(Duration slice = Duration::max(),
                               Duration remaining = Duration::max()) {
    return {.identity = connection_id,
            .transaction = TransactionState::idle,
            .slice = slice,
            .remaining = remaining};
}

inline Situation mysql_left(Duration remaining) {
    return mysql_session(remaining, remaining);
}

}  // namespace dlock::detail
