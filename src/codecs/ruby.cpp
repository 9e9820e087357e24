// Keys of the Ruby library with_advisory_lock.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/digest.hpp"
#include "codecs/kinds.hpp"

#include <dlock/codecs.hpp>

namespace dlock::codecs {
namespace {

constexpr const char* library = "with_advisory_lock";
constexpr const char* kinds = "text, bytes or an integer";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::int32_t lower_31_bits(std::uint64_t number) {
    return static_cast<std::int32_t>(number & 0x7fffffffU);
}

// The lower 31 bits of Ruby's text.to_i: white space, a sign, digits with single underscores
// between them; what follows is ignored. Unsigned arithmetic gives the same lower bits as Ruby's
// unlimited integers.
std::int32_t to_i(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t\n\v\f\r");
    if (start == std::string_view::npos) {
        return 0;
    }
    text.remove_prefix(start);
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') {
        text.remove_prefix(1);
    }
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool between = text[i] == '_' && i > 0 && is_digit(text[i - 1]) &&
                             i + 1 < text.size() && is_digit(text[i + 1]);
        if (between) {
            continue;
        }
        if (!is_digit(text[i])) {
            break;
        }
        number = number * 10 + static_cast<std::uint64_t>(text[i] - '0');
    }
    return lower_31_bits(negative ? 0 - number : number);
}

}  // namespace

Converter with_advisory_lock_postgresql(std::string_view prefix) {
    return [second = to_i(prefix)](const Key& key) {
        const auto* number = std::get_if<std::int64_t>(&key.value());
        const std::uint64_t first =
            number != nullptr ? static_cast<std::uint64_t>(*number)
                              : detail::crc32_of(detail::byte_string_of(key, library, kinds));
        return ActualKey(Int32Pair{lower_31_bits(first), second});
    };
}

Converter with_advisory_lock_mysql(std::string prefix) {
    return [prefix = std::move(prefix)](const Key& key) {
        const auto* number = std::get_if<std::int64_t>(&key.value());
        return ActualKey(prefix + (number != nullptr
                                       ? std::to_string(*number)
                                       : std::string(detail::byte_string_of(key, library, kinds))));
    };
}

}  // namespace dlock::codecs
