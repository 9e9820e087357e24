// The hashes that the codecs need, from OpenSSL and zlib, and their bytes as numbers.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dlock::detail {

/// The bytes of a digest.
using Digest = std::vector<std::uint8_t>;

/// Each throws LockError (errc::not_supported) if OpenSSL refuses the algorithm, as it does with
/// MD5 where only approved algorithms are allowed.
[[nodiscard]] Digest md5(std::string_view data);
[[nodiscard]] Digest sha1(std::string_view data);
[[nodiscard]] Digest sha256(std::string_view data);
[[nodiscard]] Digest sha512(std::string_view data);

/// The first 32 bytes of HKDF-SHA256 (RFC 5869) without salt.
[[nodiscard]] Digest hkdf_sha256(std::string_view secret, std::string_view info);

/// CRC-32 as zlib has it.
[[nodiscard]] std::uint32_t crc32_of(std::string_view data);

/// The first 8 bytes as a number, least or most significant first.
[[nodiscard]] std::int64_t little_endian(const Digest& digest);
[[nodiscard]] std::int64_t big_endian(const Digest& digest);

[[nodiscard]] std::string hex(const Digest& digest);
[[nodiscard]] std::string base64(const Digest& digest);

}  // namespace dlock::detail
