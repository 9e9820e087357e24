// UTF-8 a second time, straight from the grammar of RFC 3629, to compare with.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace dlock_fuzz {

/// The code points of `text`; nothing if it is not UTF-8.
inline std::optional<std::vector<char32_t>> code_points(std::string_view text) {
    // Each form: the bounds of its bytes, 1 to 4 of them.
    struct Form {
        std::size_t size;
        unsigned char bounds[4][2];
    };
    static constexpr Form forms[] = {
        {1, {{0x00, 0x7f}}},
        {2, {{0xc2, 0xdf}, {0x80, 0xbf}}},
        {3, {{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}}},
        {3, {{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}}},
        {3, {{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}}},
        {3, {{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}}},
        {4, {{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}},
        {4, {{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}},
        {4, {{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}}},
    };
    static constexpr unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const auto fits = [&text](const Form& form) {
        if (text.size() < form.size) {
            return false;
        }
        for (std::size_t i = 0; i < form.size; ++i) {
            const auto byte = static_cast<unsigned char>(text[i]);
            if (byte < form.bounds[i][0] || byte > form.bounds[i][1]) {
                return false;
            }
        }
        return true;
    };
    std::vector<char32_t> points;
    while (!text.empty()) {
        const Form* found = nullptr;
        for (const Form& form : forms) {
            found = fits(form) ? &form : found;
        }
        if (found == nullptr) {
            return std::nullopt;
        }
        char32_t point = static_cast<unsigned char>(text[0]) & lead_bits[found->size];
        for (std::size_t i = 1; i < found->size; ++i) {
            point = point * 64 + (static_cast<unsigned char>(text[i]) & 0x3fU);
        }
        points.push_back(point);
        text.remove_prefix(found->size);
    }
    return points;
}

/// How many units UTF-16 takes for them.
inline std::size_t utf16_units(const std::vector<char32_t>& points) {
    std::size_t units = 0;
    for (const char32_t point : points) {
        units += point > 0xffff ? 2 : 1;
    }
    return units;
}

}  // namespace dlock_fuzz
