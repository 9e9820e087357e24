// MySQL and MariaDB as far as GET_LOCK goes. Measured on MySQL 9.7 and MariaDB 10.11.
// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/execution.hpp"
#include "support/simulator/mysql_names.hpp"
#include "support/simulator/sql_rules.hpp"
#include "support/simulator/walk.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace dlock::testing {
namespace {

using std::chrono::milliseconds;

SqlError error(int code, const char* message) {
    return {code, code == 1213 ? "40001" : code == 1317 ? "70100" : "HY000", message};
}

// MariaDB waits until a time in nanoseconds, which the 584 years since 1970 hold.
constexpr double mariadb_overflow = 16.6e9;

TimePoint after(TimePoint now, double seconds) {
    return seconds > 31536000.0 * 100
               ? TimePoint::max()
               : now + milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

class MysqlExecution final : public Execution {
  public:
    using Execution::Execution;

    ResultSet run(const Script& script) {
        if (script.size() != 1) {
            throw SqlError(1064, "42000", "several statements in one string");
        }
        for_each_call(script[0], check_mysql_call);
        one(script[0]);
        return std::move(result());
    }

    Value call(const std::string& name, const std::vector<Value>& arguments,
               const std::vector<std::string>& names) override {
        (void)names;
        if (name == "get_lock") {
            return get_lock(arguments.at(0), arguments.at(1));
        }
        if (name == "release_lock") {
            return release_lock(arguments.at(0));
        }
        if (name == "is_used_lock" || name == "is_free_lock") {
            const auto lock = lock_name(arguments.at(0));
            if (!lock) {
                return {};
            }
            const auto grants = server().locks().grants(*lock);
            if (name == "is_free_lock") {
                return std::int64_t{grants.empty()};
            }
            return grants.empty() ? Value() : Value(grants[0].session);
        }
        if (name == "release_all_locks") {
            const std::int64_t count = server().locks().count_of(session().id);
            server().locks().release_if(
                [&](const Grant& grant) { return grant.session == session().id; });
            return count;
        }
        if (name == "last_insert_id") {
            if (!arguments.empty()) {
                session().last_insert_id = dlock::testing::to_integer(arguments[0]);
            }
            return session().last_insert_id;
        }
        if (name == "connection_id") {
            return session().id;
        }
        if (name == "unhex") {
            return bytes_of_hex(to_text(arguments.at(0)));
        }
        if (name == "convert") {
            return arguments.at(0);
        }
        if (name == "_utf8mb4") {  // before a literal
            if (!is_utf8(to_text(arguments.at(0)))) {
                throw error(1300, "Invalid utf8mb4 character string");
            }
            return arguments.at(0);
        }
        throw SqlError(1054, "42S22", "unknown SQL: " + name);
    }

    Value variable(const std::string& name) override {
        if (name == "@@in_transaction" && is_mariadb()) {
            return std::int64_t{session().transaction == Transaction::active};
        }
        if (name == "@@autocommit") {
            return std::int64_t{1};
        }
        if (name.starts_with("@@")) {
            throw error(1193, "Unknown system variable");
        }
        return {};  // a user's variable that was not set
    }

  private:
    using Kind = SqlStatement::Kind;

    bool is_mariadb() const { return server().product() == Product::mariadb; }

    void one(const SqlStatement& statement) {
        if (session().cancel_pending) {
            session().cancel_pending = false;
            throw error(1317, "Query execution was interrupted");
        }
        const double limit = time_limit(statement);
        session().statement_deadline = limit > 0 ? after(server().now(), limit) : TimePoint::max();
        switch (statement.kind) {
            case Kind::select:
                return take_result(statement.select);
            case Kind::begin:
                session().transaction = Transaction::active;
                session().savepoints.clear();
                return;
            case Kind::commit:
            case Kind::rollback:
                session().transaction = Transaction::none;
                session().savepoints.clear();
                return;
            case Kind::savepoint:
                std::erase_if(session().savepoints,
                              [&](const Savepoint& one) { return one.name == statement.name; });
                if (session().transaction == Transaction::active) {
                    session().savepoints.push_back({.name = statement.name});
                }
                return;
            case Kind::rollback_to:
                session().savepoints.erase(find_savepoint(statement.name) + 1,
                                           session().savepoints.end());
                return;
            case Kind::release:
                session().savepoints.erase(find_savepoint(statement.name),
                                           session().savepoints.end());
                return;
            case Kind::set:
                return set(statement);
            case Kind::set_transaction:
                if (session().transaction != Transaction::none) {
                    throw SqlError(1568, "25001",
                                   "Transaction characteristics can't be changed while a "
                                   "transaction is in progress");
                }
                return;
            case Kind::update:
                if (!update(statement)) {
                    throw SqlError(1146, "42S02", "Table doesn't exist");
                }
                return;
            case Kind::kill: {
                const SessionId id = dlock::testing::to_integer(value_of(statement.value));
                if (server().find(id) == nullptr) {
                    throw error(1094, "Unknown thread id");
                }
                statement.local ? end_statement(id) : end_session(id);
                return;
            }
            default:
                throw SqlError(1064, "42000", "unknown SQL");
        }
    }

    // In seconds; 0 for none.
    double time_limit(const SqlStatement& statement) {
        if (!is_mariadb()) {
            if (statement.set_for_statement) {
                throw SqlError(1064, "42000", "unknown SQL: SET STATEMENT");
            }
            // Out of its range the hint is ignored.
            const double hint = statement.hint.value_or(0);
            return hint >= 0.001 && hint <= 4294967.295 ? hint
                                                        : setting("max_execution_time") / 1000;
        }
        return statement.set_for_statement.value_or(setting("max_statement_time"));
    }

    double setting(const std::string& name) const {
        const auto found = session().settings.find(name);
        return found == session().settings.end() ? 0 : std::stod(found->second);
    }

    void set(const SqlStatement& statement) {
        static const std::set<std::string> ignored{
            "names",        "autocommit",        "sql_mode",
            "wait_timeout", "lock_wait_timeout", "innodb_lock_wait_timeout"};
        const bool is_limit =
            statement.name == (is_mariadb() ? "max_statement_time" : "max_execution_time");
        if (!is_limit && !ignored.contains(statement.name)) {
            throw error(1193, "Unknown system variable");
        }
        if (is_limit) {
            session().settings[statement.name] =
                std::to_string(to_number(value_of(statement.value)));
        }
    }

    std::vector<Savepoint>::iterator find_savepoint(const std::string& name) {
        const auto place = std::find_if(session().savepoints.begin(), session().savepoints.end(),
                                        [&](const Savepoint& one) { return one.name == name; });
        if (place == session().savepoints.end()) {
            throw SqlError(1305, "42000", "SAVEPOINT does not exist");
        }
        return place;
    }

    std::optional<std::string> lock_name(const Value& value) const {
        return mysql_lock_name(value, is_mariadb());
    }

    // When the wait ends; nothing for a timeout that MariaDB answers with NULL.
    std::optional<TimePoint> end_of(const Value& timeout) const {
        double seconds = to_number(timeout);
        if (is_mariadb()) {
            if (is_null(timeout) || seconds <= -1 || seconds >= 0x1p63) {
                return std::nullopt;
            }
            return after(server().now(), seconds > mariadb_overflow ? 0 : std::max(seconds, 0.0));
        }
        if (std::holds_alternative<std::string>(timeout)) {
            seconds = std::trunc(seconds);
        }
        if (std::round(seconds) < 0) {
            return TimePoint::max();
        }
        return after(server().now(), std::round(seconds));
    }

    Value get_lock(const Value& name, const Value& timeout) {
        const auto lock = lock_name(name);
        const auto end = end_of(timeout);
        if (!lock || !end) {
            return {};
        }
        const TimePoint deadline = std::min(*end, session().statement_deadline);
        switch (server().wait(session(), *lock, Mode::exclusive, false, deadline)) {
            case Outcome::granted:
            case Outcome::granted_after_wait:
                return std::int64_t{1};
            case Outcome::deadlock:
                throw is_mariadb() ? error(1213, "Deadlock found when trying to get lock")
                                   : error(3058,
                                           "Deadlock found when trying to get user-level "
                                           "lock");
            case Outcome::cancelled:
                if (is_mariadb()) {
                    return {};
                }
                throw error(1317, "Query execution was interrupted");
            case Outcome::timed_out:
                break;
        }
        if (*end <= session().statement_deadline) {
            return std::int64_t{0};
        }
        if (is_mariadb()) {
            return {};
        }
        throw error(3024, "maximum statement execution time exceeded");
    }

    Value release_lock(const Value& name) {
        const auto lock = lock_name(name);
        if (!lock || server().locks().grants(*lock).empty()) {
            return {};
        }
        return std::int64_t{releases(*lock, Mode::exclusive, false)};
    }
};

class MysqlRules final : public SqlRules {
  public:
    explicit MysqlRules(ServerModel& server) : server_(server) {}

    ResultSet run(ServerSession& session, const Script& script) override {
        return MysqlExecution(server_, session).run(script);
    }

    std::string name_of(const ActualKey& key) const override {
        const std::string& name = std::get<std::string>(key.value());
        return server_.product() == Product::mysql ? lower_mysql_name(name) : name;
    }

  private:
    ServerModel& server_;
};

}  // namespace

std::unique_ptr<SqlRules> make_mysql_rules(ServerModel& server) {
    return std::make_unique<MysqlRules>(server);
}

}  // namespace dlock::testing
