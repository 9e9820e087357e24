// The T-SQL of sp_getapplock.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>
#include <dlock/options.hpp>

#include <cstdint>
#include <string>

namespace dlock::detail {

struct MssqlSettings {
    /// The lock's owner is the transaction instead of the session.
    bool xact = false;
    /// LockOptions::db_principal; empty means public.
    std::string db_principal{};
};

/// What a try answers instead of sp_getapplock's return code, which is never below -999.
struct MssqlAnswer {
    /// Left in place: sp_getapplock returned nothing.
    static constexpr std::int64_t nothing = -1000;
    /// The session holds the key already, with either owner.
    static constexpr std::int64_t already_held = -1001;
    /// A lock of the transaction was asked for without one.
    static constexpr std::int64_t no_transaction = -1002;
    /// The transaction can only be rolled back.
    static constexpr std::int64_t doomed = -1003;
    /// The server does not make UTF-16 of a hexadecimal name: all keys might be one lock.
    static constexpr std::int64_t no_names = -1004;
};

/// The batches of one lock.
///
/// A name in ASCII is bound as it is. Any other travels as the bytes of its UTF-16, least
/// significant first, in hexadecimal digits, and becomes text on the server: a parameter that is
/// not ASCII would depend on the driver's character sets, and FreeTDS loses step with the server
/// over one that it cannot convert. Versions of Babelfish make something else of such digits (its
/// pull requests 3007 and 3072 mended that at the end of 2024), so each try of such a name first
/// has the server convert two known characters. Babelfish cuts names off at 255 bytes of UTF-8,
/// which no check here can know of.
///
/// No batch changes a setting of the session, NOCOUNT included: results without columns are for the
/// driver to skip.
/// Why there is no token.
struct MssqlFence {
    /// The UPDATE would belong to a transaction.
    static constexpr std::int64_t in_transaction = 1;
    static constexpr std::int64_t not_held = 2;
};

class MssqlSql {
  public:
    /// Precondition: `key` has passed check_mssql_key(), the principal is_mssql_principal().
    MssqlSql(const MssqlSettings& settings, const ActualKey& key);

    /// What `:key` stands for.
    [[nodiscard]] const std::string& parameter() const noexcept { return parameter_; }

    /// No batch is longer.
    [[nodiscard]] std::size_t longest() const noexcept;

    /// Takes the lock within `milliseconds`. Gives three columns: sp_getapplock's return code or
    /// one of MssqlAnswer, @@TRANCOUNT, XACT_STATE().
    ///
    /// With implicit transactions (what Microsoft's ODBC driver makes of autocommit off) there may
    /// be no transaction yet for the lock to belong to: the batch then begins it by reading a
    /// table.
    void acquire(std::string& sql, Mode mode, std::int64_t milliseconds) const;

    /// Gives sp_releaseapplock's return code. Allocates nothing if `sql` has the room.
    void release(std::string& sql) const;

    /// Gives 1 if the session holds the lock in `mode` or a stronger one, else 0; NULL if the
    /// server cannot tell. Allocates nothing if `sql` has the room.
    void verify(std::string& sql, Mode mode) const;

    /// Draws a fencing token. Gives two columns: 0 and the token, or one of MssqlFence; no row if
    /// the counter has none.
    void fence(std::string& sql, Mode mode) const;

  private:
    std::string parameter_;
    std::string declarations_;
    std::string principal_;
    const char* owner_;
    bool xact_;
    bool is_converted_ = false;
};

}  // namespace dlock::detail
