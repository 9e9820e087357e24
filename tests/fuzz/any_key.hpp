// Keys of all kinds, made of an input.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "require.hpp"

#include <dlock/error.hpp>
#include <dlock/key.hpp>

#include <fuzzer/FuzzedDataProvider.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dlock_fuzz {

inline dlock::Bytes to_bytes(std::string_view text) {
    dlock::Bytes bytes;
    for (const char c : text) {
        bytes.push_back(static_cast<std::byte>(c));
    }
    return bytes;
}

/// The bytes of a key that is text or Bytes.
inline std::optional<std::string> bytes_of(const dlock::Key& key) {
    if (const auto* text = std::get_if<std::string>(&key.value())) {
        return *text;
    }
    if (const auto* bytes = std::get_if<dlock::Bytes>(&key.value())) {
        return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    }
    return std::nullopt;
}

/// Text and bytes take up to `most` bytes.
inline dlock::Key any_key(FuzzedDataProvider& input, std::size_t most) {
    switch (input.ConsumeIntegralInRange(0, 5)) {
        case 0:
            return {input.ConsumeIntegral<std::int64_t>()};
        case 1: {
            const auto first = input.ConsumeIntegral<std::int32_t>();
            return {dlock::Int32Pair{first, input.ConsumeIntegral<std::int32_t>()}};
        }
        case 2:
            return {to_bytes(input.ConsumeRandomLengthString(most))};
        default:
            return {input.ConsumeRandomLengthString(most)};
    }
}

/// What `convert` makes of the key: the same each time; nothing if it is refused, in the one way in
/// which keys are refused.
inline std::optional<dlock::ActualKey> converted(
    const dlock::Key& key, const std::function<dlock::ActualKey(const dlock::Key&)>& convert) {
    const auto once = [&]() -> std::optional<dlock::ActualKey> {
        try {
            return convert(key);
        } catch (const dlock::LockError& error) {
            require(error.which() == dlock::errc::invalid_key, "refused keys are invalid_key");
            require(error.key() == key.to_string(), "the error has the key");
            require(*error.what() != '\0', "the error says why");
            return std::nullopt;
        }
    };
    const auto actual = once();
    require(actual == once(), "equal keys are converted equally");
    return actual;
}

}  // namespace dlock_fuzz
