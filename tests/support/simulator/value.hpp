// A value in a simulated server.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace dlock::testing {

/// NULL, an integer (also true and false), a decimal number, or text.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

[[nodiscard]] inline bool is_null(const Value& value) {
    return std::holds_alternative<std::monostate>(value);
}
/// True for a number other than zero; NULL is not true.
[[nodiscard]] bool is_true(const Value& value);
/// As a number; text that is none is 0, as is NULL.
[[nodiscard]] double to_number(const Value& value);
[[nodiscard]] std::int64_t to_integer(const Value& value);
[[nodiscard]] std::string to_text(const Value& value);

}  // namespace dlock::testing
