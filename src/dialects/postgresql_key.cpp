// Keys of PostgreSQL's advisory locks.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/postgresql_key.hpp"

#include "keys/convert.hpp"

namespace dlock::detail {

ActualKey make_postgresql_key(const Key& key) {
    if (const std::optional<std::uint64_t> hash = hash_of(key)) {
        return ActualKey(static_cast<std::int64_t>(*hash));
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value())) {
        return ActualKey(*pair);
    }
    return ActualKey(std::get<std::int64_t>(key.value()));
}

void check_postgresql_key(const ActualKey& actual, const Key& key) {
    if (std::holds_alternative<std::string>(actual.value())) {
        refuse_key(key,
                   "PostgreSQL takes an integer or a pair of integers as key and the converter "
                   "returned a name: make it return ActualKey(std::int64_t) or "
                   "ActualKey(Int32Pair)");
    }
}

}  // namespace dlock::detail
