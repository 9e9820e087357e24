// SQL Server's error numbers.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>

namespace dlock::detail {

/// "Lock request time out period exceeded".
constexpr int mssql_lock_timeout = 1222;
/// "Cannot release the application lock because it is not currently held".
constexpr int mssql_not_held = 1223;

/// What an error of the server or the driver means. Babelfish has one number for nearly all.
[[nodiscard]] errc mssql_errc(const NativeError& native) noexcept;

/// True if such an error leaves no doubt that an acquire took nothing.
[[nodiscard]] bool mssql_took_nothing(errc error) noexcept;

/// What happened and what to do, in words.
[[nodiscard]] const char* mssql_advice(errc error) noexcept;

}  // namespace dlock::detail
