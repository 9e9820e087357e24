// The counter of fencing tokens in MySQL and MariaDB, and how one is drawn.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/mysql.hpp"
#include "engine/dialect.hpp"
#include "engine/fencing_schema.hpp"

#include <cstdint>
#include <string>

namespace dlock::detail {

// In a database of its own, since locks belong to the whole server. COMMIT is for sessions whose
// autocommit is off.
inline constexpr FencingSchema mysql_fencing_schema{
    .find = "SELECT token FROM dlock.fencing WHERE id = 1",
    .create = {"CREATE DATABASE IF NOT EXISTS dlock",
               "CREATE TABLE IF NOT EXISTS dlock.fencing "
               "(id INT NOT NULL PRIMARY KEY, token BIGINT NOT NULL) ENGINE = InnoDB",
               "INSERT IGNORE INTO dlock.fencing (id, token) VALUES (1, 0)", "COMMIT"},
    .grant = "GRANT SELECT, UPDATE ON dlock.fencing TO <login>"};

/// The machine of Op::fence. The counter's new value is left in LAST_INSERT_ID(), where only this
/// session sees it, and what the user had there is put back.
class MysqlFencing {
  public:
    /// `name`: the lock's, as hexadecimal digits.
    MysqlFencing(const MysqlSettings& settings, std::string name);

    Step start(const Situation& situation);
    /// Precondition: the connection is not lost.
    Step resume(const Reply& reply);

    /// The error behind the last Verdict::failed.
    [[nodiscard]] const NativeError& native() const noexcept { return native_; }

  private:
    enum class State {
        preparing,  // the session's LAST_INSERT_ID() is put aside
        probing,    // is a transaction open?
        drawing,    // the counter is raised
        reading,    // what it is now, and LAST_INSERT_ID() is put back
        restoring,  // the reading failed
    };

    Step send(State state);
    Step after_prepare(const Reply& reply);
    Step after_probe(const Reply& reply);
    Step send_draw();
    Step after_draw(const Reply& reply);
    [[nodiscard]] Step after_error() const;
    Step send_reading();
    Step after_reading(const Reply& reply);
    Step send_restoring();
    Step after_restoring(const Reply& reply);

    MysqlSettings settings_;
    State state_ = State::preparing;
    Situation situation_{};
    Statement statement_{};
    NativeError native_{};
    int repeats_ = 0;
    Step drawn_{};         // what came of it, while LAST_INSERT_ID() is put back
    NativeError cause_{};  // the error behind it
    std::int64_t session_ = 0;
    std::int64_t last_insert_id_ = 0;
};

}  // namespace dlock::detail
