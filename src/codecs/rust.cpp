// Keys of the Rust library sqlx.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/digest.hpp"
#include "codecs/kinds.hpp"

#include <dlock/codecs.hpp>

namespace dlock::codecs {

ActualKey sqlx(const Key& key) {
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return ActualKey(*number);
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        return ActualKey(*pair);
    }
    const std::string_view text = detail::text_of(key, "sqlx", "text, an integer or a pair");
    return ActualKey(
        detail::little_endian(detail::hkdf_sha256(text, "SQLx (Rust) Postgres advisory lock")));
}

}  // namespace dlock::codecs
