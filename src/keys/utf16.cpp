// SPDX-License-Identifier: BSL-1.0
#include "keys/utf16.hpp"

#include "keys/utf8.hpp"

namespace dlock::detail {
namespace {

void append_unit(std::string& hex, char32_t unit) {
    static constexpr char digits[] = "0123456789abcdef";
    for (const unsigned shift : {4U, 0U, 12U, 8U}) {
        hex += digits[unit >> shift & 15U];
    }
}

}  // namespace

std::string utf16le_hex(std::string_view text) {
    std::string hex;
    hex.reserve(4 * text.size());
    while (const std::optional<Utf8Character> character = first_utf8_character(text)) {
        if (character->code_point > 0xffff) {
            const char32_t rest = character->code_point - 0x10000;
            append_unit(hex, 0xd800 + (rest >> 10U));
            append_unit(hex, 0xdc00 + (rest & 0x3ffU));
        } else {
            append_unit(hex, character->code_point);
        }
        text.remove_prefix(character->size);
    }
    return hex;
}

}  // namespace dlock::detail
