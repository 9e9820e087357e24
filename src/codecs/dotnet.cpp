// Keys of the C# library DistributedLock.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/digest.hpp"
#include "codecs/kinds.hpp"
#include "codecs/lowercase.hpp"

#include <dlock/codecs.hpp>

#include <charconv>

namespace dlock::codecs {
namespace {

using detail::text_of;

constexpr const char* library = "DistributedLock";

// Texts of 0 to 9 ASCII characters: 7 bits each, a 0, then as many 1s as there is room for.
std::optional<std::uint64_t> pack_ascii(std::string_view name) {
    constexpr std::size_t most = 9;
    if (name.size() > most) {
        return std::nullopt;
    }
    std::uint64_t bits = 0;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x7f) {
            return std::nullopt;
        }
        bits = bits << 7U | byte;
    }
    bits <<= 1U;
    for (std::size_t i = name.size(); i < most; ++i) {
        bits = bits << 7U | 0x7fU;
    }
    return bits;
}

std::optional<std::uint32_t> parse_hex(std::string_view digits) {
    std::uint32_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, number, 16);
    if (result.ec != std::errc() || result.ptr != end) {
        return std::nullopt;
    }
    return number;
}

Int32Pair high_low(std::uint64_t bits) {
    return {static_cast<std::int32_t>(static_cast<std::uint32_t>(bits >> 32U)),
            static_cast<std::int32_t>(static_cast<std::uint32_t>(bits))};
}

// The key that the text spells out, if it does.
std::optional<ActualKey> spelt_out(std::string_view name) {
    if (const auto bits = pack_ascii(name)) {
        return ActualKey(high_low(*bits));
    }
    const bool pair = name.size() == 17 && name[8] == ',';
    if (!pair && name.size() != 16) {
        return std::nullopt;
    }
    const auto high = parse_hex(name.substr(0, 8));
    const auto low = parse_hex(name.substr(name.size() - 8));
    if (!high || !low) {
        return std::nullopt;
    }
    const std::uint64_t bits = std::uint64_t{*high} << 32U | *low;
    return pair ? ActualKey(high_low(bits)) : ActualKey(static_cast<std::int64_t>(bits));
}

ActualKey postgresql_key(const Key& key, bool allow_hashing) {
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return ActualKey(*number);
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        return ActualKey(*pair);
    }
    const std::string_view name = text_of(key, library, "text, an integer or a pair");
    if (const auto actual = spelt_out(name)) {
        return *actual;
    }
    if (!allow_hashing) {
        detail::refuse_for(key, library,
                           "takes this key only with allowHashing: set "
                           "codecs::distributed_lock_postgresql on both sides");
    }
    return ActualKey(detail::little_endian(detail::sha1(name)));
}

// The first `units` UTF-16 units of a text.
std::string_view prefix_of(const Key& key, std::string_view text, std::size_t units) {
    std::size_t bytes = 0;
    while (units > 0 && bytes < text.size()) {
        const auto character = detail::first_utf8_character(text.substr(bytes));
        const std::size_t size = character->code_point > 0xffff ? 2 : 1;
        if (size > units) {
            detail::refuse_for(key, library,
                               "cuts this name inside a character above U+FFFF, which cannot be "
                               "sent from here: choose another name");
        }
        units -= size;
        bytes += character->size;
    }
    return text.substr(0, bytes);
}

// `name` if it is valid and has at most `limit` UTF-16 units, else the beginning of its valid form
// and its hash.
std::string safe_name(const Key& key, std::string_view name, const std::string& valid,
                      std::size_t limit, std::string (*hash)(const detail::Digest&)) {
    if (valid == name && detail::utf8_length(name)->utf16_units() <= limit) {
        return valid;
    }
    const std::string suffix = hash(detail::sha512(name));
    return std::string(prefix_of(key, valid, limit - suffix.size())) + suffix;
}

// Of the first 160 bits, groups of 5 bits, least significant first.
std::string base32(const detail::Digest& digest) {
    static constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    std::string text;
    unsigned buffer = 0;
    unsigned bits = 0;
    for (std::size_t i = 0; i < 20; ++i) {
        buffer |= static_cast<unsigned>(digest.at(i)) << bits;
        bits += 8;
        while (bits >= 5) {
            text += alphabet[buffer & 31U];
            buffer >>= 5U;
            bits -= 5;
        }
    }
    return text;
}

}  // namespace

ActualKey distributed_lock_postgresql(const Key& key) {
    return postgresql_key(key, true);
}

ActualKey distributed_lock_postgresql_exact(const Key& key) {
    return postgresql_key(key, false);
}

ActualKey distributed_lock_mysql(const Key& key) {
    const std::string_view name = text_of(key, library);
    const std::string valid = name.empty() ? "__empty__" : detail::lowercase(name);
    return ActualKey(safe_name(key, name, valid, 64, base32));
}

ActualKey distributed_lock_mssql(const Key& key) {
    const std::string_view name = text_of(key, library);
    return ActualKey(safe_name(key, name, std::string(name), 255, detail::base64));
}

std::string distributed_lock_oracle_name(const Key& key) {
    const std::string_view name = text_of(key, library);
    const std::string valid = name.empty() ? "EMPTY" : std::string(name);
    return safe_name(key, name, valid, 128, detail::base64);
}

}  // namespace dlock::codecs
