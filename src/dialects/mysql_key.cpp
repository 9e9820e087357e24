// Keys of MySQL's and MariaDB's named locks.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql_key.hpp"

#include "keys/convert.hpp"

namespace dlock::detail {
namespace {

constexpr std::size_t mysql_characters = 64;
constexpr std::size_t mariadb_bytes = 192;

constexpr const char* shorten = ": shorten it, or set a converter that hashes it";

}  // namespace

ActualKey make_mysql_key(const Key& key) {
    return ActualKey(name_of(key, "MySQL and MariaDB"));
}

void check_mysql_key(const ActualKey& actual, const Key& key, MysqlFlavour flavour) {
    if (flavour == MysqlFlavour::mariadb) {
        check_name(actual, key, "MariaDB");
        const std::size_t bytes = std::get<std::string>(actual.value()).size();
        if (bytes > mariadb_bytes) {
            refuse_key(key, "the lock name has " + std::to_string(bytes) +
                                " bytes and MariaDB takes at most " +
                                std::to_string(mariadb_bytes) + shorten);
        }
        return;
    }
    const Utf8Length length = check_name(actual, key, "MySQL");
    if (length.code_points > mysql_characters) {
        refuse_key(key, "the lock name has " + std::to_string(length.code_points) +
                            " characters and MySQL takes at most " +
                            std::to_string(mysql_characters) + shorten);
    }
    if (length.supplementary > 0) {
        refuse_key(key,
                   "characters above U+FFFF (emoji, for example) in the lock name: " +
                       std::to_string(length.supplementary) +
                       ", and MySQL takes none: replace them, or set a converter that hashes the "
                       "key");
    }
}

}  // namespace dlock::detail
