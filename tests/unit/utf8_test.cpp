// The UTF-8 decoder: what is valid, and how long it is.
// SPDX-License-Identifier: BSL-1.0
#include "keys/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dlock::detail {
namespace {

// An encoder without any checks, to try every number.
std::string encode(char32_t code_point, int size) {
    std::string text;
    if (size == 1) {
        return {static_cast<char>(code_point)};
    }
    static constexpr unsigned leads[] = {0xc0, 0xe0, 0xf0};
    for (int i = 1; i < size; ++i) {
        text.insert(text.begin(), static_cast<char>(0x80U | (code_point & 0x3fU)));
        code_point >>= 6U;
    }
    text.insert(text.begin(), static_cast<char>(leads[size - 2] | code_point));
    return text;
}

int shortest(char32_t code_point) {
    return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

TEST(Utf8, EveryCodePointDecodes) {
    for (char32_t code_point = 0; code_point <= 0x10ffff; ++code_point) {
        const int size = shortest(code_point);
        const std::string text = encode(code_point, size);
        const auto character = first_utf8_character(text + "tail");
        const bool surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
        ASSERT_EQ(character.has_value(), !surrogate) << static_cast<unsigned>(code_point);
        if (character) {
            ASSERT_EQ(character->code_point, code_point);
            ASSERT_EQ(character->size, static_cast<std::size_t>(size));
        }
        ASSERT_EQ(utf8_length(text).has_value(), !surrogate);
    }
}

TEST(Utf8, OverlongFormsAreInvalid) {
    for (char32_t code_point = 0; code_point < 0x10000; ++code_point) {
        for (int size = shortest(code_point) + 1; size <= 4; ++size) {
            ASSERT_FALSE(first_utf8_character(encode(code_point, size)))
                << static_cast<unsigned>(code_point) << " in " << size;
        }
    }
}

TEST(Utf8, AboveTheLastCodePointIsInvalid) {
    for (char32_t code_point = 0x110000; code_point < 0x200000; code_point += 0x3ff) {
        ASSERT_FALSE(first_utf8_character(encode(code_point, 4)));
    }
    EXPECT_FALSE(first_utf8_character("\xf8\x88\x80\x80\x80"));
    EXPECT_FALSE(first_utf8_character("\xfc\x84\x80\x80\x80\x80"));
    EXPECT_FALSE(first_utf8_character("\xfe"));
    EXPECT_FALSE(first_utf8_character("\xff"));
}

TEST(Utf8, ATruncatedCharacterIsInvalid) {
    for (const std::string whole : {"é", "日", "🔒"}) {
        EXPECT_TRUE(utf8_length(whole));
        for (std::size_t size = 1; size < whole.size(); ++size) {
            EXPECT_FALSE(utf8_length(whole.substr(0, size)));
            EXPECT_FALSE(utf8_length(whole.substr(0, size) + "tail"));
            EXPECT_FALSE(utf8_length("head" + whole.substr(0, size)));
        }
        EXPECT_FALSE(utf8_length(whole.substr(1)));
    }
}

TEST(Utf8, OtherEncodingsAreInvalid) {
    EXPECT_FALSE(utf8_length("caf\xe9"));                   // Latin 1
    EXPECT_FALSE(utf8_length("\xed\xa0\xbd\xed\xb4\x92"));  // CESU-8
    EXPECT_FALSE(utf8_length("\xc0\x80"));                  // Java's NUL
}

TEST(Utf8, Length) {
    const auto empty = utf8_length("");
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->code_points, 0U);
    EXPECT_EQ(empty->utf16_units(), 0U);

    const auto mixed = utf8_length("aé日🔒🔒");
    ASSERT_TRUE(mixed);
    EXPECT_EQ(mixed->code_points, 5U);
    EXPECT_EQ(mixed->supplementary, 2U);
    EXPECT_EQ(mixed->utf16_units(), 7U);

    // Nothing is composed: these are two characters to every server.
    EXPECT_EQ(utf8_length("e\u0301")->code_points, 2U);
    EXPECT_EQ(utf8_length(std::string("a\0b", 3))->code_points, 3U);
}

TEST(Utf8, TheEdgeOfTheBasicPlane) {
    EXPECT_EQ(utf8_length("\uffff")->supplementary, 0U);
    EXPECT_EQ(utf8_length("\U00010000")->supplementary, 1U);
}

TEST(Utf8, NothingAtTheEnd) {
    EXPECT_FALSE(first_utf8_character(""));
}

}  // namespace
}  // namespace dlock::detail
