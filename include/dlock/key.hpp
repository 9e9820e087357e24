// Keys: what the user names a lock by, and what the database gets.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace dlock {

/// Two 32-bit integers: PostgreSQL's second key space, which never collides with the first.
struct Int32Pair {
    std::int32_t first = 0;
    std::int32_t second = 0;
    friend bool operator==(const Int32Pair&, const Int32Pair&) = default;
};

/// A key's bytes where the key is binary rather than text.
using Bytes = std::vector<std::byte>;

namespace detail {
// Integers that are numbers: bool and the character types are refused, since `true` or 'a' as a key
// is nearly always a mistake; so are the compilers' integers of 128 bits, which would be cut.
template <class T>
concept KeyInteger = std::integral<T> && sizeof(T) <= sizeof(std::int64_t) &&
                     !std::same_as<T, bool> && !std::same_as<T, char> &&
                     !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                     !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;
}  // namespace detail

/// The name of a lock as the user gives it: text (UTF-8), bytes, a signed 64-bit integer, a pair of
/// 32-bit integers, or anything else with a function that makes one of these of it.
///
/// Equal keys exclude each other across processes and languages; what each database makes of a key
/// is described in docs/databases.md and shown by BaseLock::actual_key().
///
/// Thread safety: a value; distinct objects safe.
class DLOCK_EXPORT Key {
  public:
    using Value = std::variant<std::string, Bytes, std::int64_t, Int32Pair>;

    /// A text key. It is kept as it is: no trimming, folding or normalising. That it is UTF-8 is
    /// checked when a lock is made of it; text in another encoding would be another lock than the
    /// same text elsewhere.
    Key(std::string text) : value_(std::move(text)) {}
    Key(std::string_view text) : value_(std::string(text)) {}
    /// A text key. Precondition: `text` is not null.
    Key(const char* text) : value_(std::string(text)) {}

    /// A key of bytes. Where the database hashes the key they are the same lock as a text key of
    /// the same bytes; where it names the lock (MySQL, MariaDB, SQL Server) they must be UTF-8.
    Key(Bytes bytes) : value_(std::move(bytes)) {}
    Key(std::span<const std::byte> bytes) : value_(Bytes(bytes.begin(), bytes.end())) {}

    /// An integer key. Throws LockError (errc::invalid_key) if an unsigned value is above
    /// INT64_MAX. On MySQL, MariaDB and SQL Server it is the same lock as its decimal text;
    /// elsewhere not.
    template <detail::KeyInteger T>
    Key(T number) : value_(std::in_place_type<std::int64_t>, from_integer(number)) {}

    /// A key of PostgreSQL's pair space; hashed on SQLite, refused elsewhere unless a converter is
    /// given.
    Key(Int32Pair pair) : value_(pair) {}

    Key(bool) = delete;
    Key(char) = delete;
    Key(double) = delete;
    Key(std::nullptr_t) = delete;

    /// A key of any type: `convert(value)` must return something a Key can be made of.
    template <class T, std::invocable<const T&> Convert>
    requires std::constructible_from<Key, std::invoke_result_t<Convert, const T&>> Key(
        const T& value, Convert&& convert)
        : Key(std::invoke(std::forward<Convert>(convert), value)) {}

    /// What the key was made of.
    [[nodiscard]] const Value& value() const noexcept { return value_; }

    /// The key as text for messages: text as it is, bytes in hex, integers in decimal.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const Key&, const Key&) = default;

  private:
    template <class T>
    static std::int64_t from_integer(T number) {
        if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t)) {
            return from_unsigned(number);
        } else {
            return number;
        }
    }
    static std::int64_t from_unsigned(std::uint64_t number);

    Value value_;
};

/// What the database gets for a key: a 64-bit integer (PostgreSQL, Oracle, SQLite), a pair of
/// 32-bit integers (PostgreSQL), or a name (MySQL, MariaDB, SQL Server).
class DLOCK_EXPORT ActualKey {
  public:
    using Value = std::variant<std::int64_t, Int32Pair, std::string>;

    explicit ActualKey(std::int64_t number) : value_(number) {}
    explicit ActualKey(Int32Pair pair) : value_(pair) {}
    explicit ActualKey(std::string name) : value_(std::move(name)) {}

    [[nodiscard]] const Value& value() const noexcept { return value_; }

    /// The key as text for messages: integers in decimal, a pair as "1,2", a name as it is.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const ActualKey&, const ActualKey&) = default;

  private:
    Value value_;
};

/// Makes the database's key of the user's; replaces the default conversion. It is called once, in
/// create_lock(); what it throws is passed on, and what it returns must be of the kind and within
/// the limits of the database (LockError, errc::invalid_key).
using Converter = std::function<ActualKey(const Key&)>;

}  // namespace dlock
