// One session of a simulated server, as the server sees it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/lock_table.hpp"
#include "support/simulator/value.hpp"

#include <dlock/world.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dlock::testing {

using TimePoint = std::chrono::steady_clock::time_point;

/// The last result that had columns; nothing if there was none.
struct ResultSet {
    bool has_columns = false;
    std::size_t columns = 0;
    std::vector<std::vector<Value>> rows;
};

/// What the server answers instead of a result.
class SqlError : public std::runtime_error {
  public:
    SqlError(int code, std::string sqlstate, const std::string& message)
        : std::runtime_error(message), code(code), sqlstate(std::move(sqlstate)) {}

    int code;
    std::string sqlstate;
    bool connection_lost = false;
    /// What an earlier statement of the same string has answered.
    ResultSet before{};
};

/// Bound values by name; a PL/SQL block writes to those that it assigns.
using Parameters = std::map<std::string, Value>;

using Settings = std::map<std::string, std::string>;

struct Savepoint {
    std::string name;
    std::int64_t order = 0;
    Settings settings{};
    Settings local{};
};

/// Guarded by the server's mutex, but `connected` and `transaction`, which the client reads.
struct ServerSession {
    SessionId id = 0;
    /// The server has it.
    bool alive = true;
    /// The client's end of the connection works.
    bool connected = true;
    /// When the server will notice that the connection was cut.
    std::optional<TimePoint> cut_at{};

    enum class Transaction { none, active, failed };
    Transaction transaction = Transaction::none;
    /// Of the transaction; empty for the default.
    std::string isolation;
    /// A string of several statements outside of a transaction is one transaction.
    bool implicit = false;
    std::vector<Savepoint> savepoints;
    /// Counts what happens in the transaction, so that savepoints know what came after them.
    std::int64_t order = 0;
    Settings settings;
    /// Those of SET LOCAL, until the transaction ends.
    Settings local;
    Settings settings_before;

    bool executing = false;
    bool cancel_pending = false;
    bool end_after_grant = false;
    /// Wakes the wait that is under way; null if there is none.
    Sleeper* sleeper = nullptr;
    TimePoint statement_deadline = TimePoint::max();
    Parameters* parameters = nullptr;
    std::map<std::string, Value> variables;
    /// MySQL's LAST_INSERT_ID().
    std::int64_t last_insert_id = 0;
    std::unique_lock<std::mutex>* lock = nullptr;
};

}  // namespace dlock::testing
