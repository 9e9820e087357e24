// Keys of Oracle's DBMS_LOCK.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/oracle_key.hpp"

#include "keys/convert.hpp"

#include <algorithm>

namespace dlock::detail {
namespace {

constexpr std::int64_t oracle_ids = std::int64_t{1} << 30;
constexpr std::size_t oracle_name_bytes = 128;
constexpr std::string_view oracle_reserved = "ORA$";

bool is_reserved(std::string_view name) {
    return name.size() >= oracle_reserved.size() &&
           std::equal(oracle_reserved.begin(), oracle_reserved.end(), name.begin(),
                      [](char reserved, char given) {
                          return given == reserved ||
                                 (given >= 'a' && given <= 'z' && given - 'a' + 'A' == reserved);
                      });
}

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

ActualKey make_oracle_name(const Key& key) {
    return ActualKey(name_of(key, "Oracle"));
}

void check_oracle_name(const ActualKey& actual, const Key& key) {
    (void)check_name(actual, key, "Oracle");
    const std::string& name = std::get<std::string>(actual.value());
    if (name.size() > oracle_name_bytes) {
        refuse_key(key, "the lock name has " + std::to_string(name.size()) +
                            " bytes and Oracle takes at most " + std::to_string(oracle_name_bytes) +
                            ": shorten it, or set a converter that hashes it");
    }
    if (is_reserved(name)) {
        refuse_key(key, "lock names that begin with ORA$ are Oracle's own: choose another");
    }
}

}  // namespace dlock::detail
