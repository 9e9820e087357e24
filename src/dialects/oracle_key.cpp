// Keys of Oracle's DBMS_LOCK.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/oracle_key.hpp"

#include "keys/convert.hpp"

namespace dlock::detail {
namespace {

constexpr std::int64_t oracle_ids = std::int64_t{1} << 30;

}  // namespace

ActualKey make_oracle_key(const Key& key) {
    if (const std::optional<std::uint64_t> hash = hash_of(key)) {
        return ActualKey(static_cast<std::int64_t>(*hash % oracle_ids));
    }
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return ActualKey(*number);
    }
    refuse_pair(key, "Oracle");
}

void check_oracle_key(const ActualKey& actual, const Key& key) {
    const std::int64_t id = check_integer(actual, key, "Oracle");
    if (id < 0 || id >= oracle_ids) {
        refuse_key(key, "the lock id is " + std::to_string(id) + " and Oracle takes 0 to " +
                            std::to_string(oracle_ids - 1) +
                            ": choose an integer in that range, or give the key as text, which is "
                            "hashed");
    }
}

}  // namespace dlock::detail
