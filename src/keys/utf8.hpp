// UTF-8: is it valid, and how long is it in the units that servers count.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace dlock::detail {

/// One character of a UTF-8 text.
struct Utf8Character {
    char32_t code_point = 0;
    /// How many bytes it takes, 1 to 4.
    std::size_t size = 0;
};

/// The first character of `text`; nothing if it is not valid UTF-8 there, or if `text` is empty.
/// Strict as RFC 3629 is: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] std::optional<Utf8Character> first_utf8_character(std::string_view text) noexcept;

/// How long a text is.
struct Utf8Length {
    std::size_t code_points = 0;
    /// Characters above U+FFFF: four bytes in UTF-8, two units in UTF-16.
    std::size_t supplementary = 0;

    [[nodiscard]] std::size_t utf16_units() const noexcept { return code_points + supplementary; }
};

/// The length of `text`, nothing if it is not valid UTF-8.
[[nodiscard]] std::optional<Utf8Length> utf8_length(std::string_view text) noexcept;

}  // namespace dlock::detail
