// UTF-8 and UTF-16, against a second decoder.
// SPDX-License-Identifier: BSL-1.0
#include "keys/hex.hpp"
#include "keys/utf16.hpp"
#include "keys/utf8.hpp"
#include "require.hpp"
#include "utf8_again.hpp"

#include <cstdint>
#include <string>

using namespace dlock_fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto points = code_points(text);
    const auto length = dlock::detail::utf8_length(text);
    require(length.has_value() == points.has_value(), "valid or not");
    if (!points) {
        return 0;
    }
    require(length->code_points == points->size(), "characters");
    require(length->utf16_units() == utf16_units(*points), "units of UTF-16");

    const auto first = dlock::detail::first_utf8_character(text);
    require(first.has_value() == !points->empty(), "an empty text has no character");
    require(!first || first->code_point == points->front(), "the first character");

    std::string units;
    const auto add = [&units](char32_t unit) {
        units += static_cast<char>(unit & 0xffU);
        units += static_cast<char>(unit >> 8U);
    };
    for (const char32_t point : *points) {
        if (point > 0xffff) {
            add(0xd800 + ((point - 0x10000) >> 10U));
            add(0xdc00 + ((point - 0x10000) & 0x3ffU));
        } else {
            add(point);
        }
    }
    require(dlock::detail::utf16le_hex(text) == dlock::detail::to_hex(units), "UTF-16");
    return 0;
}
