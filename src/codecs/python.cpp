// Keys of the Python libraries.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/digest.hpp"
#include "codecs/kinds.hpp"

#include <dlock/codecs.hpp>

namespace dlock::codecs {
namespace {

using detail::text_of;

// Python's repr() of bytes.
std::string bytes_repr(const Bytes& bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    bool single = false;
    bool twofold = false;
    for (const std::byte byte : bytes) {
        single = single || byte == std::byte{'\''};
        twofold = twofold || byte == std::byte{'"'};
    }
    const char quote = single && !twofold ? '"' : '\'';

    std::string text = "b";
    text += quote;
    for (const std::byte byte : bytes) {
        const auto c = std::to_integer<unsigned char>(byte);
        if (c == '\\' || c == static_cast<unsigned char>(quote)) {
            text += '\\';
            text += static_cast<char>(c);
        } else if (c == '\t') {
            text += "\\t";
        } else if (c == '\n') {
            text += "\\n";
        } else if (c == '\r') {
            text += "\\r";
        } else if (c < 0x20 || c >= 0x7f) {
            text += "\\x";
            text += digits[c >> 4U];
            text += digits[c & 0xfU];
        } else {
            text += static_cast<char>(c);
        }
    }
    text += quote;
    return text;
}

// Python's str() of a key.
std::string python_str(const Key& key) {
    if (const auto* bytes = std::get_if<Bytes>(&key.value())) {
        return bytes_repr(*bytes);
    }
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return std::to_string(*number);
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        return '(' + std::to_string(pair->first) + ", " + std::to_string(pair->second) + ')';
    }
    return std::string(text_of(key, "py-postgresql-lock"));
}

}  // namespace

ActualKey py_postgresql_lock(const Key& key) {
    return ActualKey(detail::big_endian(detail::sha1(python_str(key))));
}

ActualKey django_pglocks(const Key& key) {
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return ActualKey(*number);
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        return ActualKey(*pair);
    }
    const std::uint32_t crc =
        detail::crc32_of(text_of(key, "django-pglocks", "text, an integer or a pair"));
    return ActualKey(std::int64_t{static_cast<std::int32_t>(crc)});
}

ActualKey django_pglock(const Key& key) {
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return ActualKey(*number);
    }
    return ActualKey(
        detail::little_endian(detail::sha256(text_of(key, "django-pglock", "text or an integer"))));
}

Converter pals(std::string app) {
    app += '.';
    return [app = std::move(app)](const Key& key) {
        const std::string name = app + std::string(text_of(key, "pals"));
        return ActualKey(detail::little_endian(detail::sha1(name)));
    };
}

}  // namespace dlock::codecs
