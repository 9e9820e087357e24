// A strict UTF-8 decoder.
// SPDX-License-Identifier: BSL-1.0
#include "keys/utf8.hpp"

namespace dlock::detail {

std::optional<Utf8Character> first_utf8_character(std::string_view text) noexcept {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) {
        return Utf8Character{lead, 1};
    }

    std::size_t size = 0;
    char32_t code_point = 0;
    char32_t least = 0;  // below it a shorter form exists
    if (lead >= 0xc0 && lead < 0xe0) {
        size = 2;
        code_point = lead & 0x1fU;
        least = 0x80;
    } else if (lead >= 0xe0 && lead < 0xf0) {
        size = 3;
        code_point = lead & 0x0fU;
        least = 0x800;
    } else if (lead >= 0xf0 && lead < 0xf8) {
        size = 4;
        code_point = lead & 0x07U;
        least = 0x10000;
    } else {
        return std::nullopt;
    }
    if (text.size() < size) {
        return std::nullopt;
    }
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xc0U) != 0x80U) {
            return std::nullopt;
        }
        code_point = code_point << 6U | (next & 0x3fU);
    }
    const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    if (code_point < least || surrogate || code_point > 0x10ffff) {
        return std::nullopt;
    }
    return Utf8Character{code_point, size};
}

std::optional<Utf8Length> utf8_length(std::string_view text) noexcept {
    Utf8Length length;
    while (!text.empty()) {
        const std::optional<Utf8Character> character = first_utf8_character(text);
        if (!character) {
            return std::nullopt;
        }
        ++length.code_points;
        if (character->code_point > 0xffff) {
            ++length.supplementary;
        }
        text.remove_prefix(character->size);
    }
    return length;
}

}  // namespace dlock::detail
