// Hashes from OpenSSL's libcrypto and zlib.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/digest.hpp"

#include <dlock/error.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>

namespace dlock::detail {
namespace {

[[noreturn]] void refuse_algorithm(const char* name) {
    throw LockError(errc::not_supported,
                    std::string("OpenSSL refuses ") + name +
                        ", which the codec needs: allow it in OpenSSL's configuration");
}

// OpenSSL and zlib want an address even for no bytes.
const unsigned char* bytes(std::string_view data) {
    return reinterpret_cast<const unsigned char*>(data.empty() ? "" : data.data());
}

Digest hash(const EVP_MD* algorithm, const char* name, std::string_view data) {
    Digest digest(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    if (EVP_Digest(bytes(data), data.size(), digest.data(), &size, algorithm, nullptr) != 1) {
        refuse_algorithm(name);
    }
    digest.resize(size);
    return digest;
}

Digest hmac_sha256(std::string_view secret, std::string_view data) {
    Digest digest(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    if (HMAC(EVP_sha256(), bytes(secret), static_cast<int>(secret.size()), bytes(data), data.size(),
             digest.data(), &size) == nullptr) {
        refuse_algorithm("HMAC-SHA256");
    }
    digest.resize(size);
    return digest;
}

}  // namespace

Digest md5(std::string_view data) {
    return hash(EVP_md5(), "MD5", data);
}

Digest sha1(std::string_view data) {
    return hash(EVP_sha1(), "SHA-1", data);
}

Digest sha256(std::string_view data) {
    return hash(EVP_sha256(), "SHA-256", data);
}

Digest sha512(std::string_view data) {
    return hash(EVP_sha512(), "SHA-512", data);
}

Digest hkdf_sha256(std::string_view secret, std::string_view info) {
    const std::string no_salt(32, '\0');
    const Digest extracted = hmac_sha256(no_salt, secret);
    std::string block(info);
    block += '\x01';
    return hmac_sha256({reinterpret_cast<const char*>(extracted.data()), extracted.size()}, block);
}

std::uint32_t crc32_of(std::string_view data) {
    return static_cast<std::uint32_t>(crc32_z(0, bytes(data), data.size()));
}

std::int64_t little_endian(const Digest& digest) {
    std::uint64_t number = 0;
    for (std::size_t i = 8; i-- > 0;) {
        number = number << 8U | digest.at(i);
    }
    return static_cast<std::int64_t>(number);
}

std::int64_t big_endian(const Digest& digest) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        number = number << 8U | digest.at(i);
    }
    return static_cast<std::int64_t>(number);
}

std::string hex(const Digest& digest) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xfU];
    }
    return text;
}

std::string base64(const Digest& digest) {
    // EVP_EncodeBlock() ends the text with a NUL.
    std::string text((digest.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(),
                                     static_cast<int>(digest.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

}  // namespace dlock::detail
