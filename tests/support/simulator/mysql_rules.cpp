// MySQL and MariaDB as far as GET_LOCK goes. Measured on MySQL 9.7 and MariaDB 10.11.
// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/execution.hpp"
#include "support/simulator/sql_rules.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace dlock::testing {
namespace {

using std::chrono::milliseconds;

SqlError error(int code, const char* message) {
    return {code, code == 1213 ? "40001" : code == 1317 ? "70100" : "HY000", message};
}

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
        if (name == "connection_id") {
            return session().id;
        }
        if (name == "unhex") {
            return bytes_of_hex(to_text(arguments.at(0)));
        }
        if (name == "convert") {
            return arguments.at(0);
        }
        throw SqlError(1054, "42S22", "unknown SQL: " + name);
    }

    Value variable(const std::string& name) override {
        if (name == "@@in_transaction" && is_mariadb()) {
            return std::int64_t{session().transaction == Transaction::active};
        }
        return Execution::variable(name);
    }

  private:
    using Kind = SqlStatement::Kind;

    bool is_mariadb() const { return server().product() == Product::mariadb; }

    void one(const SqlStatement& statement) {
        if (session().cancel_pending) {
            session().cancel_pending = false;
            throw error(1317, "Query execution was interrupted");
        }
        session().statement_deadline = TimePoint::max();
        if (statement.time_limit) {
            // Out of its range MySQL's hint is ignored.
            const double limit = *statement.time_limit;
            if (is_mariadb() || (limit >= 0.001 && limit <= 4294967.295)) {
                session().statement_deadline = after(server().now(), limit);
            }
        }
        switch (statement.kind) {
            case Kind::select:
                return take_result(statement.select);
            case Kind::begin:
                session().transaction = Transaction::active;
                return;
            case Kind::commit:
            case Kind::rollback:
                session().transaction = Transaction::none;
                return;
            case Kind::savepoint:
            case Kind::rollback_to:
            case Kind::release:
            case Kind::set:
                return;
            case Kind::kill: {
                const SessionId id = dlock::testing::to_integer(value_of(statement.value));
                statement.local ? end_statement(id) : end_session(id);
                return;
            }
            default:
                throw SqlError(1064, "42000", "unknown SQL");
        }
    }

    // Nothing for a name that MariaDB answers with NULL.
    std::optional<std::string> lock_name(const Value& value) const {
        std::string name = to_text(value);
        const bool missing = is_null(value) || name.empty();
        if (missing && is_mariadb()) {
            return std::nullopt;
        }
        const auto characters =
            std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xC0) != 0x80; });
        const bool wide =
            std::any_of(name.begin(), name.end(), [](char c) { return (c & 0xF8) == 0xF0; });
        if (is_mariadb()) {
            if (name.size() > 192) {
                throw error(1059, "Identifier name is too long");
            }
        } else {
            if (missing || wide) {
                throw error(3057, "Incorrect user-level lock name");
            }
            if (characters > 64) {
                throw error(4163, "the lock name is too long");
            }
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        }
        return name.substr(0, name.find('\0'));
    }

    // When the wait ends; nothing for a timeout that MariaDB answers with NULL.
    std::optional<TimePoint> end_of(const Value& timeout) const {
        double seconds = to_number(timeout);
        if (is_mariadb()) {
            if (is_null(timeout) || seconds < 0) {
                return std::nullopt;
            }
            return after(server().now(), seconds);
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
        std::string name = std::get<std::string>(key.value());
        if (server_.product() == Product::mysql) {
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        }
        return name;
    }

  private:
    ServerModel& server_;
};

}  // namespace

std::unique_ptr<SqlRules> make_mysql_rules(ServerModel& server) {
    return std::make_unique<MysqlRules>(server);
}

}  // namespace dlock::testing
