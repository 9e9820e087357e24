// Keys of the locks beside an SQLite database.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/sqlite_key.hpp"

#include "keys/convert.hpp"

#include <array>

namespace dlock::detail {
namespace {

constexpr std::int64_t sqlite_keys = std::int64_t{1} << 62;

std::uint64_t hash_number(std::uint64_t number, std::string_view hash_key) {
    std::array<std::byte, 8> bytes{};
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(number & 0xffU);
        number >>= 8U;
    }
    return blake2b_64(bytes, hash_key);
}

std::uint64_t full_hash(const Key& key) {
    if (const std::optional<std::uint64_t> hash = hash_of(key)) {
        return *hash;
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        const std::uint64_t low = static_cast<std::uint32_t>(pair->first);
        const std::uint64_t high = static_cast<std::uint32_t>(pair->second);
        return hash_number(high << 32U | low, "int32x2");
    }
    return hash_number(static_cast<std::uint64_t>(std::get<std::int64_t>(key.value())), "int64");
}

}  // namespace

ActualKey make_sqlite_key(const Key& key) {
    return ActualKey(static_cast<std::int64_t>(full_hash(key) % sqlite_keys));
}

void check_sqlite_key(const ActualKey& actual, const Key& key) {
    const std::int64_t number = check_integer(actual, key, "SQLite");
    if (number < 0 || number >= sqlite_keys) {
        refuse_key(key, "the key is " + std::to_string(number) +
                            " and locks beside an SQLite database take 0 to " +
                            std::to_string(sqlite_keys - 1) +
                            ": make the converter keep to that range");
    }
}

}  // namespace dlock::detail
