// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/value.hpp"

#include <charconv>
#include <cmath>

namespace dlock::testing {

double to_number(const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return static_cast<double>(*number);
    }
    if (const auto* number = std::get_if<double>(&value)) {
        return *number;
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        double number = 0;
        (void)std::from_chars(text->data(), text->data() + text->size(), number);
        return number;
    }
    return 0;
}

std::int64_t to_integer(const Value& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    return number != nullptr ? *number : static_cast<std::int64_t>(std::llround(to_number(value)));
}

bool is_true(const Value& value) {
    return !is_null(value) && to_number(value) != 0;
}

std::string to_text(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    return is_null(value) ? std::string() : std::to_string(to_integer(value));
}

}  // namespace dlock::testing
