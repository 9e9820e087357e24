// What kinds of keys a codec takes.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "keys/utf8.hpp"

#include <dlock/error.hpp>
#include <dlock/key.hpp>

#include <string>
#include <string_view>

namespace dlock::detail {

[[noreturn]] inline void refuse_for(const Key& key, std::string_view library,
                                    std::string_view why) {
    std::string text(library);
    text += ' ';
    text += why;
    throw LockError(errc::invalid_key, text, key.to_string());
}

/// The text of a key that must be text; `library` and what else it takes are for the error.
inline std::string_view text_of(const Key& key, std::string_view library,
                                std::string_view kinds = "text") {
    const auto* text = std::get_if<std::string>(&key.value());
    if (text == nullptr) {
        refuse_for(key, library,
                   "has no key of this kind: give " + std::string(kinds) + ", or another codec");
    }
    if (!utf8_length(*text)) {
        refuse_for(key, library, "takes text in UTF-8 and this is not: convert it");
    }
    return *text;
}

/// The bytes of a key that must be text or bytes, for languages whose strings are either.
inline std::string_view byte_string_of(const Key& key, std::string_view library,
                                       std::string_view kinds = "text or bytes") {
    if (const auto* text = std::get_if<std::string>(&key.value())) {
        return *text;
    }
    if (const auto* bytes = std::get_if<Bytes>(&key.value())) {
        return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
    }
    refuse_for(key, library,
               "has no key of this kind: give " + std::string(kinds) + ", or another codec");
}

/// The lower and the upper half of 64 bits as the first and the second of a pair, which is what
/// reading two little-endian integers of 4 bytes one after the other comes to.
inline Int32Pair low_high(std::int64_t number) {
    const auto bits = static_cast<std::uint64_t>(number);
    return {static_cast<std::int32_t>(static_cast<std::uint32_t>(bits)),
            static_cast<std::int32_t>(static_cast<std::uint32_t>(bits >> 32U))};
}

}  // namespace dlock::detail
