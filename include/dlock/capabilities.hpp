// What a database's locks can do.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>
#include <dlock/options.hpp>

#include <initializer_list>
#include <string>

namespace dlock {

/// A set of modes.
class ModeSet {
  public:
    constexpr ModeSet(std::initializer_list<Mode> modes) {
        for (const Mode mode : modes) {
            bits_ |= 1U << static_cast<unsigned>(mode);
        }
    }
    [[nodiscard]] constexpr bool contains(Mode mode) const noexcept {
        return (bits_ >> static_cast<unsigned>(mode) & 1U) != 0;
    }

  private:
    unsigned bits_ = 0;
};

/// What the locks of one database can do; see capabilities().
struct Capabilities {
    /// The database as messages name it: "PostgreSQL", "MariaDB", "MySQL", "SQLite", "SQL Server",
    /// "Oracle".
    std::string database;
    /// The modes a lock can have.
    ModeSet modes{Mode::exclusive};
    /// Transaction-level locks.
    bool xact = false;
    /// Keys that are a pair of 32-bit integers, without a converter.
    bool int32_pair_keys = false;
    /// The server finds deadlocks among waits without limit.
    bool deadlock_detection = false;
    /// Waiters are served in the order in which they came.
    bool fair_queue = false;
    /// Locks belong to database principals: LockOptions::db_principal.
    bool principals = false;
    /// Locks can have names that the server itself turns into ids: LockOptions::allocate_unique.
    bool allocated_names = false;
};

}  // namespace dlock
