// Oracle's error numbers, whatever the client library.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace dlock::detail {

/// The number of the first "ORA-nnnnn" in an error's text; 0 if there is none. SOCI 4.0 gives the
/// number itself only to those who include its backend's headers.
[[nodiscard]] int oracle_error_code(std::string_view message) noexcept;

/// True for the errors after which the session is gone.
[[nodiscard]] bool oracle_connection_lost(int code) noexcept;

}  // namespace dlock::detail
