// BLAKE2b with a digest of 64 bits, the hash behind integer keys.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace dlock::detail {

/// BLAKE2b of `data` with a digest of 8 bytes (RFC 7693; not the first 8 bytes of a longer digest,
/// since the length is a parameter of the hash), read as a little-endian number on every machine.
/// `hash_key` is BLAKE2's own key, which here keeps kinds of data apart: at most 64 bytes, longer
/// is std::invalid_argument.
[[nodiscard]] std::uint64_t blake2b_64(std::span<const std::byte> data,
                                       std::string_view hash_key = {});

/// The same of the bytes of a text.
[[nodiscard]] std::uint64_t blake2b_64(std::string_view text);

}  // namespace dlock::detail
