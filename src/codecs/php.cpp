// Keys of the PHP libraries.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/digest.hpp"
#include "codecs/kinds.hpp"

#include <dlock/codecs.hpp>

namespace dlock::codecs {
namespace {

std::string php_lock_name(const Key& key) {
    return "php-malkusch-lock:" + std::string(detail::byte_string_of(key, "php-lock"));
}

}  // namespace

ActualKey symfony_lock(const Key& key) {
    return ActualKey(std::int64_t{detail::crc32_of(detail::byte_string_of(key, "symfony/lock"))});
}

ActualKey php_lock_postgresql(const Key& key) {
    return ActualKey(detail::low_high(detail::little_endian(detail::md5(php_lock_name(key)))));
}

ActualKey php_lock_mysql(const Key& key) {
    return ActualKey(php_lock_name(key));
}

ActualKey laravel_advisory_lock_mysql(const Key& key) {
    const std::string_view text = detail::text_of(key, "laravel-database-advisory-lock");
    if (detail::utf8_length(text)->code_points <= 64) {
        return ActualKey(std::string(text));
    }
    std::size_t bytes = 0;
    for (int i = 0; i < 24; ++i) {
        bytes += detail::first_utf8_character(text.substr(bytes))->size;
    }
    return ActualKey(std::string(text.substr(0, bytes)) + detail::hex(detail::sha1(text)));
}

}  // namespace dlock::codecs
