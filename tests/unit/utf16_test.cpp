// UTF-8 as the hexadecimal digits of UTF-16.
// SPDX-License-Identifier: BSL-1.0
#include "keys/utf16.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace dlock::detail {
namespace {

TEST(Utf16, a_unit_is_four_digits_the_least_significant_byte_first) {
    EXPECT_EQ(utf16le_hex(""), "");
    EXPECT_EQ(utf16le_hex("a"), "6100");
    EXPECT_EQ(utf16le_hex("\xc3\xa9"), "e900");
    EXPECT_EQ(utf16le_hex("\xe2\x82\xac"), "ac20");
    EXPECT_EQ(utf16le_hex(std::string_view("a\0b", 3)), "610000006200");
}

TEST(Utf16, above_the_first_plane_a_character_is_a_pair_of_surrogates) {
    EXPECT_EQ(utf16le_hex("\xef\xbf\xbf"), "ffff");
    EXPECT_EQ(utf16le_hex("\xf0\x90\x80\x80"), "00d800dc");
    EXPECT_EQ(utf16le_hex("x\xf0\x9f\x98\x80y"), "78003dd800de7900");
    EXPECT_EQ(utf16le_hex("\xf4\x8f\xbf\xbf"), "ffdbffdf");
}

}  // namespace
}  // namespace dlock::detail
