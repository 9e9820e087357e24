// What MySQL's and MariaDB's named locks make of a key.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>

namespace dlock::detail {

/// The two servers, whose limits differ.
enum class MysqlFlavour { mysql, mariadb };

/// The default conversion, bit-equal to sqlalchemy-dlock's: text as it is, bytes as the UTF-8 text
/// that they encode, an integer in decimal. So 1 and "1" are the same lock here.
///
/// Nothing is folded: 'Key' and 'key' are one lock on MySQL and two on MariaDB.
///
/// Throws LockError (errc::invalid_key) for a pair.
[[nodiscard]] ActualKey make_mysql_key(const Key& key);

/// Throws LockError (errc::invalid_key) unless `actual`, made of `key`, is a name that the server
/// takes as it is: not empty, UTF-8, without NUL, and
/// - MySQL: at most 64 characters, none above U+FFFF (names are utf8mb3 there);
/// - MariaDB: at most 192 bytes.
void check_mysql_key(const ActualKey& actual, const Key& key, MysqlFlavour flavour);

}  // namespace dlock::detail
