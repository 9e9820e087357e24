// The PL/SQL of DBMS_LOCK.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/key.hpp>
#include <dlock/options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace dlock::detail {

struct OracleSettings {
    /// The lock is freed by the next commit or rollback.
    bool xact = false;
    /// The key is a name, which ALLOCATE_UNIQUE turns into an id, instead of an id.
    bool allocate_unique = false;
};

/// The blocks of one lock. They give their integers through parameters (Statement::outputs):
/// release_on_commit is a BOOLEAN, which SQL does not have.
///
/// The packages are named with their schema, so that nothing of the user's own stands in for them.
///
/// A name travels as the hexadecimal digits of its UTF-8 (`:key`). ALLOCATE_UNIQUE commits, so it
/// is called in a function of the block that is a transaction of its own.
class OracleSql {
  public:
    /// No block is longer.
    static constexpr std::size_t longest = 700;

    OracleSql(const OracleSettings& settings, const ActualKey& key);

    /// What `:key` stands for; empty where there is none.
    [[nodiscard]] const std::string& parameter() const noexcept { return parameter_; }

    /// Takes the lock within `seconds`. `:rc` is what REQUEST returns, `:tx` 1 if the session has
    /// an open transaction, else 0. (LOCAL_TRANSACTION_ID without an argument begins none.)
    void request(std::string& sql, Mode mode, std::int64_t seconds) const;

    /// Converts the lock to `mode` at once; `:rc` is what CONVERT returns.
    void convert(std::string& sql, Mode mode) const;

    /// Draws a fencing token in a transaction of its own, if the session holds the lock in `mode`.
    /// `:rc` is what CONVERT returns; with 0 the token is `:hi` * 2^31 + `:lo`, since an output has
    /// 32 bits.
    void fence(std::string& sql, Mode mode, std::int64_t seconds) const;

    /// `:rc` is what RELEASE returns. Allocates nothing if `sql` has the room.
    void release(std::string& sql) const;

  private:
    std::string parameter_;
    std::string functions_;  // what `lock_` calls
    std::string head_;       // up to the package's function
    std::string lock_;       // the function's first argument
    bool xact_;
};

}  // namespace dlock::detail
