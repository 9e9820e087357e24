// What PostgreSQL's advisory locks make of a key.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>

namespace dlock::detail {

/// The default conversion, bit-equal to sqlalchemy-dlock's on little-endian machines: an integer as
/// it is, text and bytes as their BLAKE2b-64, read as a signed number. A pair stays one: it is a
/// key of the second key space.
///
/// Throws LockError (errc::invalid_key) if text is not UTF-8.
[[nodiscard]] ActualKey make_postgresql_key(const Key& key);

/// Throws LockError (errc::invalid_key) unless `actual`, made of `key`, is an integer or a pair.
void check_postgresql_key(const ActualKey& actual, const Key& key);

}  // namespace dlock::detail
