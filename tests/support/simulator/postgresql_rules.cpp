// PostgreSQL as far as advisory locks and transactions go. Measured on 15.
// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/execution.hpp"
#include "support/simulator/postgresql_catalog.hpp"
#include "support/simulator/postgresql_settings.hpp"
#include "support/simulator/sql_rules.hpp"
#include "support/simulator/walk.hpp"

#include <algorithm>

namespace dlock::testing {
namespace {

using std::chrono::milliseconds;

SqlError error(const char* sqlstate, const char* message) {
    return {0, sqlstate, message};
}

class PostgresqlExecution final : public Execution {
  public:
    using Execution::Execution;

    ResultSet run(const Script& script) {
        several_ = script.size() > 1;
        session().implicit = session().transaction == Transaction::none && several_;
        if (session().transaction == Transaction::none) {
            session().settings_before = session().settings;
        }
        try {
            for (const SqlStatement& statement : script) {
                one(statement);
            }
        } catch (SqlError& failure) {
            fail();
            failure.before = std::move(result());
            throw;
        } catch (...) {
            fail();
            throw;
        }
        if (session().transaction == Transaction::none) {
            end_transaction(true);
        }
        return std::move(result());
    }

    Value call(const std::string& full_name, const std::vector<Value>& arguments,
               const std::vector<std::string>& names) override {
        (void)names;
        const std::string name = without_schema(full_name);
        if (name.find("advisory") != std::string::npos) {
            return advisory(name, arguments);
        }
        if (name == "pg_backend_pid") {
            return session().id;
        }
        if (name == "pg_is_in_recovery") {
            return std::int64_t{0};
        }
        if (name == "current_database") {
            return std::string("test");
        }
        if (name == "current_setting") {
            return current(to_text(arguments.at(0)));
        }
        if (name == "set_config") {
            set(to_text(arguments.at(0)), to_text(arguments.at(1)), is_true(arguments.at(2)));
            return arguments.at(1);
        }
        if (name == "extract_epoch") {
            return arguments.at(0);
        }
        if (name == "pg_terminate_backend" || name == "pg_cancel_backend") {
            const SessionId id = dlock::testing::to_integer(arguments.at(0));
            const bool exists = server().find(id) != nullptr;
            name == "pg_cancel_backend" ? end_statement(id) : end_session(id);
            return std::int64_t{exists};
        }
        unknown(name);
    }

    Value cast(const std::string& type, const Value& value) override {
        if (type == "interval") {
            return postgresql_milliseconds(to_text(value)) / 1000;
        }
        return Execution::cast(type, value);
    }

    std::vector<Row> table(const std::string& name) override {
        if (name == "pg_catalog.pg_database" || name == "pg_database") {
            return {{{"oid", std::int64_t{1}}, {"datname", std::string("test")}}};
        }
        if (name != "pg_catalog.pg_locks" && name != "pg_locks") {
            return Execution::table(name);
        }
        return postgresql_locks(server().locks());
    }

  private:
    using Kind = SqlStatement::Kind;

    std::string current(const std::string& name) {
        if (name == "transaction_isolation") {
            return session().isolation.empty() ? current("default_transaction_isolation")
                                               : session().isolation;
        }
        for (const Settings* const settings :
             {&std::as_const(session().local), &std::as_const(session().settings),
              &postgresql_defaults()}) {
            const auto found = settings->find(name);
            if (found != settings->end()) {
                return found->second;
            }
        }
        throw error("42704", "unrecognized configuration parameter");
    }

    TimePoint deadline_of(const char* setting) {
        const double limit = postgresql_milliseconds(current(setting));
        return limit > 0 ? server().now() + milliseconds(static_cast<std::int64_t>(limit))
                         : TimePoint::max();
    }

    void one(const SqlStatement& statement) {
        if (session().transaction == Transaction::failed && statement.kind != Kind::rollback &&
            statement.kind != Kind::rollback_to && statement.kind != Kind::commit) {
            throw error("25P02", "current transaction is aborted");
        }
        for_each_call(statement, check_postgresql_call);
        session().statement_deadline = deadline_of("statement_timeout");
        if (session().cancel_pending) {
            session().cancel_pending = false;
            throw error("57014", "canceling statement due to user request");
        }
        switch (statement.kind) {
            case Kind::select:
                return take_result(statement.select);
            case Kind::begin:
                return begin(statement.words);
            case Kind::commit:
            case Kind::rollback:
                end_transaction(statement.kind == Kind::commit &&
                                session().transaction != Transaction::failed);
                session().implicit = several_;  // what follows in the string is one again
                return;
            case Kind::savepoint:
                require_block();
                session().savepoints.push_back(
                    {statement.name, ++session().order, session().settings, session().local});
                return;
            case Kind::rollback_to:
                return roll_back_to(statement.name);
            case Kind::release:
                require_block();
                session().savepoints.erase(find_savepoint(statement.name),
                                           session().savepoints.end());
                return;
            case Kind::set:
                return set(statement.name, to_text(value_of(statement.value)), statement.local);
            case Kind::set_transaction:
                if (session().transaction != Transaction::none) {
                    unknown("SET TRANSACTION inside a transaction");
                }
                return;
            case Kind::update:
                if (!update(statement)) {
                    throw error("42P01", "relation does not exist");
                }
                return;
            case Kind::show:
                result() = {.has_columns = true, .columns = 1, .rows = {{current(statement.name)}}};
                return;
            case Kind::discard_all:
                if (session().transaction != Transaction::none || session().implicit) {
                    throw error("25001", "DISCARD ALL cannot run inside a transaction block");
                }
                session().settings.clear();
                server().locks().release_if(
                    [&](const Grant& grant) { return grant.session == session().id; });
                return;
            default:
                unknown("this statement");
        }
    }

    void begin(const std::string& words) {
        if (session().transaction == Transaction::active) {
            return;  // a warning, and the transaction goes on
        }
        session().implicit = false;
        session().transaction = Transaction::active;
        const std::string level = "isolation level ";
        const auto at = words.find(level);
        if (at != std::string::npos) {
            session().isolation = words.substr(at + level.size());
            session().isolation.erase(session().isolation.find_last_not_of(' ') + 1);
        } else {
            session().isolation = current("default_transaction_isolation");
        }
    }

    void end_transaction(bool commit) {
        if (!commit) {
            session().settings = session().settings_before;
        }
        session().transaction = Transaction::none;
        session().implicit = false;
        session().isolation.clear();
        session().savepoints.clear();
        session().local.clear();
        session().settings_before = session().settings;
        release_transaction_locks();
    }

    void fail() {
        if (session().transaction == Transaction::none) {
            end_transaction(false);
        } else {
            session().transaction = Transaction::failed;
            // What the transaction took goes at once, not with the ROLLBACK; inside of a savepoint
            // what was taken after it.
            release_after(session().savepoints.empty() ? 0 : session().savepoints.back().order);
        }
    }

    void release_after(std::int64_t order) {
        server().locks().release_if([&](const Grant& grant) {
            return grant.xact && grant.session == session().id && grant.order > order;
        });
    }

    void require_block() const {
        if (session().transaction == Transaction::none) {
            throw error("25P01", "SAVEPOINT can only be used in transaction blocks");
        }
    }

    std::vector<Savepoint>::iterator find_savepoint(const std::string& name) {
        auto& savepoints = session().savepoints;
        for (auto place = savepoints.end(); place != savepoints.begin();) {
            if ((--place)->name == name) {
                return place;
            }
        }
        throw error("3B001", "savepoint does not exist");
    }

    void roll_back_to(const std::string& name) {
        require_block();
        const auto place = find_savepoint(name);
        session().settings = place->settings;
        session().local = place->local;
        session().savepoints.erase(place + 1, session().savepoints.end());
        session().transaction = Transaction::active;
        release_after(place->order);
    }

    void set(const std::string& name, const std::string& value, bool local) {
        const std::string text = postgresql_setting(name, value, server().version());
        if (local) {
            if (session().transaction != Transaction::none || session().implicit) {
                session().local[name] = text;
            }
        } else {
            session().settings[name] = text;
            session().local.erase(name);
        }
    }

    Value advisory(const std::string& name, const std::vector<Value>& arguments) {
        const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
        const bool xact = has("_xact_");
        const Mode mode = has("_shared") ? Mode::shared : Mode::exclusive;
        if (name == "pg_advisory_unlock_all") {
            server().locks().release_if(
                [&](const Grant& grant) { return !grant.xact && grant.session == session().id; });
            return std::string();
        }
        if (std::any_of(arguments.begin(), arguments.end(), is_null)) {
            return {};
        }
        const std::string lock = arguments.size() == 2
                                     ? postgresql_name(dlock::testing::to_integer(arguments[0]),
                                                       dlock::testing::to_integer(arguments[1]))
                                     : postgresql_name(dlock::testing::to_integer(arguments.at(0)));
        if (has("unlock")) {
            return std::int64_t{releases(lock, mode, false)};
        }
        if (has("_try_")) {
            // A try does not go before those who wait, not even for what the session has, unless
            // it has it in the same mode.
            if (!has_in(lock, mode) && server().locks().is_wanted(lock, mode)) {
                return std::int64_t{0};
            }
            const Request request{
                .session = session().id, .mode = mode, .xact = xact, .order = ++session().order};
            return std::int64_t{server().locks().take(lock, request)};
        }
        return wait(lock, mode, xact);
    }

    bool has_in(const std::string& lock, Mode mode) const {
        const auto grants = server().locks().grants(lock);
        return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
            return grant.session == session().id && grant.mode == mode;
        });
    }

    Value wait(const std::string& lock, Mode mode, bool xact) {
        const TimePoint lock_deadline = deadline_of("lock_timeout");
        const bool own =
            lock_deadline != TimePoint::max() && lock_deadline <= session().statement_deadline;
        switch (server().wait(session(), lock, mode, xact,
                              std::min(lock_deadline, session().statement_deadline))) {
            case Outcome::granted:
                return std::string();
            case Outcome::granted_after_wait:
                if (session().end_after_grant) {
                    break;  // the grant is remembered all the same
                }
                return std::string();
            case Outcome::deadlock:
                throw error("40P01", "deadlock detected");
            case Outcome::cancelled:
                throw error("57014", "canceling statement due to user request");
            case Outcome::timed_out:
                break;
        }
        throw own ? error("55P03", "canceling statement due to lock timeout")
                  : error("57014", "canceling statement due to statement timeout");
    }

    /// The string has more than one statement.
    bool several_ = false;
};

class PostgresqlRules final : public SqlRules {
  public:
    explicit PostgresqlRules(ServerModel& server) : server_(server) {}

    ResultSet run(ServerSession& session, const Script& script) override {
        return PostgresqlExecution(server_, session).run(script);
    }

    std::string name_of(const ActualKey& key) const override {
        if (const auto* const pair = std::get_if<Int32Pair>(&key.value())) {
            return postgresql_name(pair->first, pair->second);
        }
        return postgresql_name(std::get<std::int64_t>(key.value()));
    }

  private:
    ServerModel& server_;
};

}  // namespace

std::unique_ptr<SqlRules> make_postgresql_rules(ServerModel& server) {
    return std::make_unique<PostgresqlRules>(server);
}

}  // namespace dlock::testing
