// Keys of other lock libraries, so that a C++ program shares locks with programs that use them.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>
#include <dlock/key.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Converters that make of a key what another library makes of it:
///
///     auto lock = dlock::create_lock(sql, "report", {.converter = dlock::codecs::sqlx});
///     auto lock = dlock::create_lock(sql, "report",
///                                    {.converter = dlock::codecs::pals("billing")});
///
/// A codec without parameters is a converter; one with parameters is called with them and gives a
/// converter. sqlalchemy-dlock needs none: its keys are what create_lock() makes by default.
///
/// Two programs share a lock if they use the same codec, the same text, the same database of the
/// same server and the same level: text that differs by so much as a normalisation form is another
/// lock. A shared key is all that a codec gives: whether the other library tells a lost lock, or
/// waits fairly, stays its own affair.
///
/// Each codec takes the kinds of keys that its library takes and throws LockError
/// (errc::invalid_key) for the others. "Text" means valid UTF-8; "a byte string" means text or
/// Bytes, whatever they hold. Results are checked against the database's limits by create_lock(),
/// not here.
///
/// Hashes of 31 or 32 bits collide: among 77,000 names two are the same 32-bit key with a
/// probability of one half. Such codecs are for living with others, not for new programs.
///
/// Thread safety: all functions and the converters they give may be called from any thread at once.
namespace dlock::codecs {

// PostgreSQL, by language.

/// Python, py-postgresql-lock 0.2: SHA-1 of Python's str(key), its first 8 bytes big-endian. Text;
/// integers as their decimal text (so 1 and "1" are one lock); Bytes as Python shows bytes (b'..');
/// a pair as Python shows a tuple.
[[nodiscard]] DLOCK_EXPORT ActualKey py_postgresql_lock(const Key& key);

/// Python, django-pglocks 1.1: CRC-32 of text as a signed number, in the space of 64-bit keys;
/// integers and pairs as they are.
[[nodiscard]] DLOCK_EXPORT ActualKey django_pglocks(const Key& key);

/// Python, django-pglock: SHA-256 of text, its first 8 bytes little-endian; integers as they are.
[[nodiscard]] DLOCK_EXPORT ActualKey django_pglock(const Key& key);

/// Python, pals 0.4: SHA-1 of "<app>.<text>", its first 8 bytes little-endian (pals takes the
/// machine's order).
[[nodiscard]] DLOCK_EXPORT Converter pals(std::string app);

/// Rust, sqlx: HKDF-SHA256 of text as PgAdvisoryLock::new() does it; integers and pairs as they are
/// (PgAdvisoryLock::with_key()).
[[nodiscard]] DLOCK_EXPORT ActualKey sqlx(const Key& key);

/// Node, advisory-lock (binded) 1.1.1: SHA-256 of text, its first 8 bytes as two little-endian
/// integers; pairs as they are. (Versions before 1.1.1 made other keys.)
[[nodiscard]] DLOCK_EXPORT ActualKey binded_advisory_lock(const Key& key);

/// Node, pg-advisory-lock 2.0: hashtextextended() of text, seeded with the namespaces in the order
/// of their namespace() calls. (Version 1 made other keys.)
[[nodiscard]] DLOCK_EXPORT Converter
pg_advisory_lock(const std::vector<std::string>& namespaces = {});

/// PHP, symfony/lock: CRC-32 of a byte string as an unsigned number, in the space of 64-bit keys.
[[nodiscard]] DLOCK_EXPORT ActualKey symfony_lock(const Key& key);

/// PHP, php-lock (malkusch): MD5 of "php-malkusch-lock:" and a byte string, its first 8 bytes as
/// two little-endian integers.
[[nodiscard]] DLOCK_EXPORT ActualKey php_lock_postgresql(const Key& key);

/// Ruby, with_advisory_lock 7: a pair of the CRC-32 of a byte string, or an integer as it is, and
/// the number that `prefix` begins with (0 if none), both cut to 31 bits. `prefix` is the value of
/// the Ruby program's environment variable WITH_ADVISORY_LOCK_PREFIX; text that does not begin with
/// digits is no prefix at all there.
[[nodiscard]] DLOCK_EXPORT Converter with_advisory_lock_postgresql(std::string_view prefix = {});

/// SQL, hashtext(): what laravel-database-advisory-lock and Lightweight use, and much SQL written
/// by hand: `pg_advisory_lock(hashtext('name'))`. Text without NUL. 32 bits.
///
/// The server computes it in its own encoding and byte order: this is the value of a server with
/// the encoding UTF8 on a little-endian machine. PostgreSQL does not promise to keep the function
/// as it is; these values were compared with PostgreSQL 15.
[[nodiscard]] DLOCK_EXPORT ActualKey postgresql_hashtext(const Key& key);

/// SQL, hashtextextended(): `pg_advisory_lock(hashtextextended('name', seed))`. Text without NUL.
/// 64 bits. What is said of postgresql_hashtext() holds here too.
[[nodiscard]] DLOCK_EXPORT Converter postgresql_hashtextextended(std::int64_t seed = 0);

/// C#, DistributedLock 2: PostgresAdvisoryLockKey(name, allowHashing: true). Text of up to 9 ASCII
/// characters as it is, packed into a pair; 16 hex digits as the integer that they are;
/// "xxxxxxxx,xxxxxxxx" as the pair that it is; other text as the first 8 bytes of its SHA-1,
/// little-endian. Integers and pairs as they are.
[[nodiscard]] DLOCK_EXPORT ActualKey distributed_lock_postgresql(const Key& key);

/// C#, DistributedLock 2: PostgresAdvisoryLockKey(name), which refuses what it would have to hash.
[[nodiscard]] DLOCK_EXPORT ActualKey distributed_lock_postgresql_exact(const Key& key);

// MySQL and MariaDB.

/// Ruby, with_advisory_lock 7: `prefix` and a byte string, or an integer in decimal.
[[nodiscard]] DLOCK_EXPORT Converter with_advisory_lock_mysql(std::string prefix = {});

/// PHP, php-lock (malkusch): "php-malkusch-lock:" and a byte string.
[[nodiscard]] DLOCK_EXPORT ActualKey php_lock_mysql(const Key& key);

/// PHP, laravel-database-advisory-lock 4.4: text as it is; of text of more than 64 characters the
/// first 24 and the SHA-1 in hex. (Some older versions count bytes.)
[[nodiscard]] DLOCK_EXPORT ActualKey laravel_advisory_lock_mysql(const Key& key);

/// C#, DistributedLock 2: text as it is if it has at most 64 UTF-16 units and no capitals; else its
/// first 32 units in lower case and a part of its SHA-512. Capitals are those of Unicode 14; .NET
/// takes them from the Unicode version of the machine that it runs on.
[[nodiscard]] DLOCK_EXPORT ActualKey distributed_lock_mysql(const Key& key);

// SQL Server.

/// C#, DistributedLock 2: text as it is if it has at most 255 UTF-16 units; else its first 167
/// units and its SHA-512 in base 64. Text whose 167th and 168th unit are one character (an emoji,
/// for example) is refused: .NET would send half of it.
[[nodiscard]] DLOCK_EXPORT ActualKey distributed_lock_mssql(const Key& key);

// Oracle.

/// C#, DistributedLock 2: the name that it hands to DBMS_LOCK.ALLOCATE_UNIQUE. This is no
/// converter: the server answers with a handle of its own for it, outside the range of ids that
/// locks of this library take, so that the two cannot share a lock. It is here for diagnosis, to
/// find the name in SYS.DBMS_LOCK_ALLOCATED.
[[nodiscard]] DLOCK_EXPORT std::string distributed_lock_oracle_name(const Key& key);

}  // namespace dlock::codecs
