// What the statements of GET_LOCK have in common.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/mysql.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dlock::detail {

/// The lock's name; the parameter is its bytes as hexadecimal digits. They are declared to be
/// UTF-8: MariaDB compares the bytes of the connection's character set, which may be any. A literal
/// costs a third of what CONVERT(UNHEX(...) USING utf8mb4) does.
constexpr std::string_view mysql_lock_name = "_utf8mb4 X:key";

/// A late KILL QUERY, meant for an earlier statement, can hit a following one: that is asked again,
/// so often at most.
constexpr int mysql_max_repeats = 5;

/// Evaluates `then` on the server session that the client knows, else gives `otherwise`.
[[nodiscard]] std::string mysql_guarded(const MysqlSettings& settings, std::uint64_t identity,
                                        std::string_view then, int otherwise);

}  // namespace dlock::detail
