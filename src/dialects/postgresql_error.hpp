// PostgreSQL's error codes.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>

#include <string_view>

namespace dlock::detail {

namespace sqlstate {
constexpr std::string_view lock_not_available = "55P03";
constexpr std::string_view query_canceled = "57014";
constexpr std::string_view deadlock_detected = "40P01";
constexpr std::string_view serialization_failure = "40001";
constexpr std::string_view no_such_savepoint = "3B001";
constexpr std::string_view invalid_parameter_value = "22023";
constexpr std::string_view in_failed_transaction = "25P02";
// From the ODBC driver: a cancel has taken the result away.
constexpr std::string_view odbc_cancelled = "HY008";
}  // namespace sqlstate

/// What an error of the server or the driver means.
[[nodiscard]] errc postgresql_errc(const NativeError& native) noexcept;

/// What happened and what to do, in words.
[[nodiscard]] const char* postgresql_advice(errc error) noexcept;

}  // namespace dlock::detail
