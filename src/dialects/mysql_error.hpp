// The error numbers of MySQL and MariaDB.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>

namespace dlock::detail {

/// What an error of the server or the driver means.
[[nodiscard]] errc mysql_errc(const NativeError& native) noexcept;

/// What happened and what to do, in words.
[[nodiscard]] const char* mysql_advice(errc error) noexcept;

}  // namespace dlock::detail
