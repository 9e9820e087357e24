// UTF-8 text as the bytes of UTF-16, in hexadecimal digits.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace dlock::detail {

/// `text` in UTF-16, least significant byte first, as hexadecimal digits: four for each unit, so
/// eight for a character above U+FFFF. It is ASCII whatever the text.
///
/// Precondition: `text` is valid UTF-8 (utf8_length()); what follows a fault is left out.
[[nodiscard]] std::string utf16le_hex(std::string_view text);

}  // namespace dlock::detail
