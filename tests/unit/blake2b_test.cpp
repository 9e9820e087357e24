// BLAKE2b-64 against digests computed by Python's hashlib.
// SPDX-License-Identifier: BSL-1.0
#include "keys/blake2b.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>

namespace dlock::detail {
namespace {

// The digests below are written as hashlib prints them, first byte first.
std::string hex(std::uint64_t number) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (int i = 0; i < 8; ++i) {
        const auto byte = static_cast<unsigned char>(number >> (8 * i));
        text += digits[byte >> 4];
        text += digits[byte & 0xf];
    }
    return text;
}

std::span<const std::byte> bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
}

TEST(Blake2b, KnownDigests) {
    EXPECT_EQ(hex(blake2b_64("")), "e4a6a0577479b2b4");
    EXPECT_EQ(hex(blake2b_64("a")), "40f89e395b66422f");
    EXPECT_EQ(hex(blake2b_64("abc")), "d8bb14d833d59559");
    EXPECT_EQ(hex(blake2b_64("my-resource-key")), "a088035b1d56c486");
    EXPECT_EQ(hex(blake2b_64("ключ-日本-🔒")), "d01e13c35a036dd0");
}

// BLAKE2b works in blocks of 128 bytes and treats the last one apart.
TEST(Blake2b, AroundTheBlockSize) {
    EXPECT_EQ(hex(blake2b_64(std::string(128, 'x'))), "901ce374e8e12402");
    EXPECT_EQ(hex(blake2b_64(std::string(129, 'x'))), "18de14b9d8eea5a3");
    std::string all;
    for (int i = 0; i < 256; ++i) {
        all += static_cast<char>(i);
    }
    EXPECT_EQ(hex(blake2b_64(all)), "2b2cedfed655ad3f");
}

TEST(Blake2b, DigestIsReadLittleEndian) {
    EXPECT_EQ(blake2b_64("a"), 0x2f42665b399ef840U);
}

TEST(Blake2b, TextAndBytesAreOne) {
    const std::string text("a\0b", 3);
    EXPECT_EQ(blake2b_64(text), blake2b_64(bytes(text)));
    EXPECT_NE(blake2b_64(text), blake2b_64("a"));
    EXPECT_EQ(blake2b_64(std::span<const std::byte>()), blake2b_64(""));
}

TEST(Blake2b, Keyed) {
    const std::array<std::byte, 8> zeros{};
    EXPECT_EQ(hex(blake2b_64(zeros, "int64")), "ed781023e5ca0d64");
    EXPECT_EQ(hex(blake2b_64(std::span<const std::byte>(), "int64")), "54a87702cab7f0c8");
    EXPECT_EQ(hex(blake2b_64(bytes(std::string(129, 'x')), std::string(64, 'k'))),
              "6e628c868830c2a3");
}

TEST(Blake2b, KeyOverTheLimit) {
    const std::array<std::byte, 8> zeros{};
    EXPECT_THROW((void)blake2b_64(zeros, std::string(65, 'k')), std::invalid_argument);
}

}  // namespace
}  // namespace dlock::detail
