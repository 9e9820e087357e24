// Keys of SQL Server's application locks.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/mssql_key.hpp"

#include "keys/convert.hpp"

namespace dlock::detail {
namespace {

constexpr std::size_t mssql_units = 255;
constexpr std::size_t mssql_principal_units = 128;

}  // namespace

ActualKey make_mssql_key(const Key& key) {
    return ActualKey(name_of(key, "SQL Server"));
}

void check_mssql_key(const ActualKey& actual, const Key& key) {
    const std::size_t units = check_name(actual, key, "SQL Server").utf16_units();
    if (units > mssql_units) {
        refuse_key(key, "the lock name has " + std::to_string(units) +
                            " UTF-16 units and SQL Server takes at most " +
                            std::to_string(mssql_units) +
                            ": shorten it, or set a converter that hashes it");
    }
}

bool is_mssql_principal(std::string_view name) noexcept {
    const std::optional<Utf8Length> length = utf8_length(name);
    return length && !name.empty() && length->utf16_units() <= mssql_principal_units &&
           name.find('\0') == std::string_view::npos;
}

}  // namespace dlock::detail
