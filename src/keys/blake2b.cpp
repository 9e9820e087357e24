// BLAKE2b-64 by libb2.
// SPDX-License-Identifier: BSL-1.0
#include "keys/blake2b.hpp"

#include <blake2.h>

#include <array>
#include <stdexcept>

namespace dlock::detail {

std::uint64_t blake2b_64(std::span<const std::byte> data, std::string_view hash_key) {
    std::array<std::uint8_t, 8> digest{};
    // Empty data may have no address, which libb2 refuses even for a length of 0.
    const void* input = data.empty() ? static_cast<const void*>("") : data.data();
    const void* secret = hash_key.empty() ? nullptr : hash_key.data();
    if (blake2b(digest.data(), input, secret, digest.size(), data.size(), hash_key.size()) != 0) {
        throw std::invalid_argument("BLAKE2b takes a key of at most 64 bytes");
    }
    std::uint64_t number = 0;
    for (std::size_t i = digest.size(); i-- > 0;) {
        number = number << 8U | digest[i];
    }
    return number;
}

std::uint64_t blake2b_64(std::string_view text) {
    return blake2b_64(std::as_bytes(std::span(text)));
}

}  // namespace dlock::detail
