// What Oracle's DBMS_LOCK makes of a key.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>

namespace dlock::detail {

/// The default conversion: text and bytes as their BLAKE2b-64 modulo 2^30, bit-equal to
/// sqlalchemy-dlock's on little-endian machines; an integer as it is. 30 bits are few: among 38,000
/// keys two are the same lock with a probability of one half.
///
/// Throws LockError (errc::invalid_key) for a pair and for text that is not UTF-8.
[[nodiscard]] ActualKey make_oracle_key(const Key& key);

/// Throws LockError (errc::invalid_key) unless `actual`, made of `key`, is an integer from 0 to
/// 2^30-1. sqlalchemy-dlock reduces others modulo 2^30 without a word, which makes one lock of
/// different keys (-1 and 2^30-1, 0 and 2^30); that is refused here.
void check_oracle_key(const ActualKey& actual, const Key& key);

/// The name for LockOptions::allocate_unique: text as it is, bytes as the text that they encode, an
/// integer in decimal. Throws LockError (errc::invalid_key) for a pair.
[[nodiscard]] ActualKey make_oracle_name(const Key& key);

/// Throws LockError (errc::invalid_key) unless `actual`, made of `key`, is a name for
/// ALLOCATE_UNIQUE: UTF-8, without NUL, of 1 to 128 bytes, and not one of Oracle's own, which begin
/// with "ORA$".
void check_oracle_name(const ActualKey& actual, const Key& key);

}  // namespace dlock::detail
