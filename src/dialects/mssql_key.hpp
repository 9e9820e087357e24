// What SQL Server's application locks make of a key.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>

#include <string_view>

namespace dlock::detail {

/// The default conversion, bit-equal to sqlalchemy-dlock's: text as it is, bytes as the UTF-8 text
/// that they encode, an integer in decimal. So 1 and "1" are the same lock here.
///
/// Throws LockError (errc::invalid_key) for a pair.
[[nodiscard]] ActualKey make_mssql_key(const Key& key);

/// Throws LockError (errc::invalid_key) unless `actual`, made of `key`, is a name that the server
/// takes as it is: UTF-8, without NUL, and
/// - not empty: what an empty resource name locks is nowhere documented, and a key that came out
///   empty is nearly always a mistake;
/// - at most 255 units of UTF-16. sp_getapplock cuts longer names off without a word, so that two
/// of
///   them may be one lock. (sqlalchemy-dlock counts characters and lets some of these through.)
void check_mssql_key(const ActualKey& actual, const Key& key);

/// True if `name` can name a database principal (sysname): UTF-8 of 1 to 128 units of UTF-16,
/// without NUL.
[[nodiscard]] bool is_mssql_principal(std::string_view name) noexcept;

}  // namespace dlock::detail
