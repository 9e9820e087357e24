// One thing asked of the database, and its answer.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>
#include <dlock/options.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace dlock::detail {

/// What a statement is for. Drivers without SQL act on it; tests and logs read it.
enum class Purpose { try_acquire, wait, release, verify, fence, other };

/// One statement. The dialect owns it and keeps it alive until its reply was handed in.
struct Statement {
    Purpose purpose = Purpose::other;
    /// The mode that is taken or was taken.
    Mode mode = Mode::exclusive;
    /// The SQL. Integers may stand in it; everything else is `:key`, bound to `parameter`.
    std::string sql{};
    /// What `:key` stands for: ASCII, and hexadecimal digits only where the driver puts it in
    /// quotes instead of binding it (MySQL, MariaDB).
    std::string parameter{};
    /// The integers that the statement gives back through parameters instead of a row: what `:rc`
    /// and the like stand for in a PL/SQL block. Null ends the list. They arrive as Reply::values.
    std::array<const char*, 3> outputs{};
    /// With Purpose::wait: how long the database may let the statement wait.
    Duration limit{};
    /// A stop may cancel it; if that comes before it is sent, its Op ends there. Those of
    /// Purpose::wait always are.
    bool cancellable = false;

    [[nodiscard]] bool is_cancellable() const noexcept {
        return cancellable || purpose == Purpose::wait;
    }
};

/// The answer to a statement.
struct Reply {
    static constexpr std::size_t max_columns = 6;

    /// True if the last result set had a row; `values` are its columns, as integers.
    bool has_row = false;
    /// The columns; unset where NULL, missing or not an integer.
    std::array<std::optional<std::int64_t>, max_columns> values{};

    /// True if the statement, or one of several in it, failed. A row may have come before.
    bool failed = false;
    /// True if the connection is gone.
    bool connection_lost = false;
    NativeError native{};

    void clear() { *this = Reply{}; }
};

}  // namespace dlock::detail
