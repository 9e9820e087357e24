// What a Key can be made of, and what it looks like in messages.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/error.hpp>
#include <dlock/key.hpp>

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace dlock {
namespace {

enum Unscoped { unscoped };
enum class Scoped { scoped };
struct Opaque {};

template <class... T>
constexpr bool makes_key = std::is_constructible_v<Key, T...>;

// Text.
static_assert(makes_key<const char*> && makes_key<char*> && makes_key<const char (&)[4]>);
static_assert(makes_key<std::string> && makes_key<const std::string&>);
static_assert(makes_key<std::string_view>);
// Bytes.
static_assert(makes_key<Bytes> && makes_key<const Bytes&>);
static_assert(makes_key<std::span<const std::byte>> && makes_key<std::span<std::byte>>);
static_assert(makes_key<std::array<std::byte, 4>&>);
// Integers of every width.
static_assert(makes_key<signed char> && makes_key<unsigned char>);
static_assert(makes_key<short> && makes_key<unsigned short>);
static_assert(makes_key<int> && makes_key<unsigned>);
static_assert(makes_key<long> && makes_key<unsigned long>);
static_assert(makes_key<long long> && makes_key<unsigned long long>);
static_assert(makes_key<Int32Pair>);

// What is nearly always a mistake.
static_assert(!makes_key<bool>);
static_assert(!makes_key<char> && !makes_key<wchar_t>);
static_assert(!makes_key<char8_t> && !makes_key<char16_t> && !makes_key<char32_t>);
static_assert(!makes_key<float> && !makes_key<double> && !makes_key<long double>);
static_assert(!makes_key<std::nullptr_t>);
static_assert(!makes_key<Unscoped> && !makes_key<Scoped>);
static_assert(!makes_key<int*> && !makes_key<void*> && !makes_key<const wchar_t*>);
static_assert(!makes_key<const char8_t*>);
static_assert(!makes_key<std::byte>);
static_assert(!makes_key<std::vector<unsigned char>>);
static_assert(!makes_key<Opaque>);
static_assert(!makes_key<>);
#ifdef __SIZEOF_INT128__
__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;
static_assert(!makes_key<Int128> && !makes_key<Uint128>);
#endif

// A key of another type needs a function that makes one of the above of it.
static_assert(makes_key<Opaque, int (*)(const Opaque&)>);
static_assert(makes_key<Opaque, std::string (*)(const Opaque&)>);
static_assert(!makes_key<Opaque, double (*)(const Opaque&)>);
static_assert(!makes_key<Opaque, bool (*)(const Opaque&)>);
static_assert(!makes_key<Opaque, void (*)(const Opaque&)>);
static_assert(!makes_key<Opaque, int (*)(int)>);
static_assert(!makes_key<Opaque, int>);

static_assert(std::is_nothrow_move_constructible_v<Key> && std::is_copy_constructible_v<Key>);
// A number is not silently a name nor the other way round.
static_assert(!std::is_convertible_v<std::string, ActualKey>);
static_assert(!std::is_convertible_v<std::int64_t, ActualKey>);

Key implicit(Key key) {
    return key;
}

TEST(Key, TextIsKeptAsItIs) {
    for (const std::string text : {"", "a", " key ", "Key", "line\nbreak", "e\u0301", "🔒",
                                   "'; DROP TABLE locks; --", "%s%n", ":name", "?", "caf\xe9"}) {
        const Key key(text);
        EXPECT_EQ(std::get<std::string>(key.value()), text);
        EXPECT_EQ(key.to_string(), text);
        EXPECT_EQ(key, Key(std::string_view(text)));
        EXPECT_EQ(key, Key(text.c_str()));
    }
}

TEST(Key, TextMayHoldNul) {
    const std::string text("a\0b", 3);
    EXPECT_EQ(std::get<std::string>(Key(text).value()).size(), 3U);
    EXPECT_NE(Key(text), Key("a"));
}

TEST(Key, BytesAreNotText) {
    const Bytes bytes = {std::byte{0x00}, std::byte{0x1f}, std::byte{0xff}};
    const Key key(bytes);
    EXPECT_EQ(std::get<Bytes>(key.value()), bytes);
    EXPECT_EQ(key.to_string(), "001fff");
    EXPECT_EQ(key, Key(std::span<const std::byte>(bytes)));
    EXPECT_NE(Key(Bytes{std::byte{'a'}}), Key("a"));
    EXPECT_EQ(Key(Bytes()).to_string(), "");
    EXPECT_NE(Key(Bytes()), Key(""));
}

TEST(Key, IntegersOfEveryWidth) {
    const Key minus_one(std::int64_t{-1});
    EXPECT_EQ(Key(static_cast<signed char>(-1)), minus_one);
    EXPECT_EQ(Key(static_cast<short>(-1)), minus_one);
    EXPECT_EQ(Key(-1), minus_one);
    EXPECT_EQ(Key(-1L), minus_one);
    EXPECT_EQ(Key(-1LL), minus_one);
    EXPECT_EQ(std::get<std::int64_t>(Key(static_cast<unsigned char>(255)).value()), 255);
    EXPECT_EQ(std::get<std::int64_t>(Key(4294967295U).value()), 4294967295);
    EXPECT_EQ(Key(0).to_string(), "0");
    EXPECT_NE(Key(1), Key("1"));
}

TEST(Key, TheEndsOfTheIntegers) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto greatest = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(Key(least).to_string(), "-9223372036854775808");
    EXPECT_EQ(Key(greatest).to_string(), "9223372036854775807");
    EXPECT_EQ(Key(static_cast<std::uint64_t>(greatest)), Key(greatest));
}

TEST(Key, UnsignedBeyondTheRangeIsRefused) {
    for (const std::uint64_t number : {std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        try {
            const Key key(number);
            FAIL() << key.to_string();
        } catch (const LockError& error) {
            EXPECT_EQ(error.which(), errc::invalid_key);
            EXPECT_EQ(error.code(), std::errc::invalid_argument);
            EXPECT_EQ(error.key(), std::to_string(number));
            EXPECT_EQ(error.retry(), Retry::never);
        }
    }
    try {
        const Key key(~std::uint64_t{0});
        FAIL() << key.to_string();
    } catch (const LockError& error) {
        EXPECT_STREQ(error.what(),
                     "the integer key 18446744073709551615 is above 9223372036854775807, the "
                     "greatest one: give it as text: the key does not fit the database");
    }
}

TEST(Key, Pairs) {
    const Key key(Int32Pair{1, -2});
    EXPECT_EQ(std::get<Int32Pair>(key.value()), (Int32Pair{1, -2}));
    EXPECT_EQ(key.to_string(), "1,-2");
    EXPECT_NE(key, Key(Int32Pair{-2, 1}));
    EXPECT_NE(Key(Int32Pair{0, 1}), Key(1));
}

TEST(Key, MadeOfTheUsersTypes) {
    struct User {
        int id;
        std::string name;
    };
    const User user{42, "ann"};
    EXPECT_EQ(Key(user, [](const User& u) { return "user:" + u.name; }), Key("user:ann"));
    EXPECT_EQ(Key(user, &User::id), Key(42));
    EXPECT_EQ(Key(user, [](const User& u) { return Int32Pair{7, u.id}; }), Key(Int32Pair{7, 42}));
    EXPECT_EQ(Key(user, [](const User&) { return Bytes(2, std::byte{1}); }).to_string(), "0101");
    EXPECT_EQ(Key(1.5, [](double d) { return std::to_string(d); }), Key("1.500000"));
    EXPECT_THROW(Key(user, [](const User&) { return ~std::uint64_t{0}; }), LockError);
    EXPECT_THROW(Key(user, [](const User&) -> int { throw std::logic_error("mine"); }),
                 std::logic_error);
}

TEST(Key, ConvertsWhereAKeyIsWanted) {
    EXPECT_EQ(implicit("text"), Key(std::string("text")));
    EXPECT_EQ(implicit(7), Key(std::int64_t{7}));
    EXPECT_EQ(implicit(Int32Pair{1, 2}), Key(Int32Pair{1, 2}));
}

TEST(ActualKey, ToString) {
    EXPECT_EQ(ActualKey(std::int64_t{-5}).to_string(), "-5");
    EXPECT_EQ(ActualKey(Int32Pair{2147483647, -2147483647 - 1}).to_string(),
              "2147483647,-2147483648");
    EXPECT_EQ(ActualKey(std::string("name")).to_string(), "name");
    EXPECT_NE(ActualKey(std::string("5")), ActualKey(std::int64_t{5}));
}

}  // namespace
}  // namespace dlock
