// Keys of the Node library advisory-lock; pg-advisory-lock is beside the hash it uses.
// SPDX-License-Identifier: BSL-1.0
#include "codecs/digest.hpp"
#include "codecs/kinds.hpp"

#include <dlock/codecs.hpp>

namespace dlock::codecs {

ActualKey binded_advisory_lock(const Key& key) {
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        return ActualKey(*pair);
    }
    const std::string_view text = detail::text_of(key, "advisory-lock", "text or a pair");
    return ActualKey(detail::low_high(detail::little_endian(detail::sha256(text))));
}

}  // namespace dlock::codecs
