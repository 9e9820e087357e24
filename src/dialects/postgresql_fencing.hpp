// The counter of fencing tokens in PostgreSQL, and how one is drawn.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/postgresql_sql.hpp"
#include "engine/dialect.hpp"
#include "engine/fencing_schema.hpp"

#include <string_view>

namespace dlock::detail {

// In a schema of its own, since locks know no search path.
inline constexpr FencingSchema postgresql_fencing_schema{
    .find = "SELECT token FROM dlock.fencing WHERE id = 1",
    .create = {"CREATE SCHEMA IF NOT EXISTS dlock",
               "CREATE TABLE IF NOT EXISTS dlock.fencing "
               "(id integer PRIMARY KEY CHECK (id = 1), token bigint NOT NULL)",
               "INSERT INTO dlock.fencing (id, token) VALUES (1, 0) ON CONFLICT DO NOTHING"},
    .grant =
        "GRANT USAGE ON SCHEMA dlock TO <login>; "
        "GRANT SELECT, UPDATE ON dlock.fencing TO <login>"};

/// The machine of Op::fence: one statement, which a stop may cancel, since a commit may wait for a
/// standby for ever.
class PostgresqlFencing {
  public:
    explicit PostgresqlFencing(const PostgresqlSql& sql) : sql_(sql) {}

    Step start(const Situation& situation);
    /// Precondition: the connection is not lost.
    Step resume(const Reply& reply);

    /// The error behind the last Verdict::failed.
    [[nodiscard]] const NativeError& native() const noexcept { return native_; }

  private:
    Step send(Purpose purpose, std::string_view sql);
    Step after_draw(const Reply& reply);
    [[nodiscard]] Step after_error() const;
    Step look();
    Step after_look(const Reply& reply);

    const PostgresqlSql& sql_;
    Situation situation_{};
    Statement statement_{};
    NativeError native_{};
    int repeats_ = 0;
};

}  // namespace dlock::detail
