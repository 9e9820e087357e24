// What the locks beside an SQLite database make of a key.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>

namespace dlock::detail {

/// The default conversion, to an integer from 0 to 2^62-1. SQLite has no locks of this kind, so
/// there is no other library to agree with. All kinds of keys are hashed, so that they spread over
/// the range; the hash is BLAKE2b-64, of which the lower 62 bits are taken:
/// - text and bytes: of the bytes;
/// - an integer: of its 8 bytes, least significant first, with the hash key "int64";
/// - a pair: of the 4 bytes of the first and the 4 bytes of the second, least significant first,
///   with the hash key "int32x2".
///
/// The hash keys keep 1, "1" and {1, 0} apart.
///
/// Throws LockError (errc::invalid_key) if text is not UTF-8.
[[nodiscard]] ActualKey make_sqlite_key(const Key& key);

/// Throws LockError (errc::invalid_key) unless `actual`, made of `key`, is an integer from 0 to
/// 2^62-1.
void check_sqlite_key(const ActualKey& actual, const Key& key);

}  // namespace dlock::detail
