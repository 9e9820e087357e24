// SQL Server as far as application locks go: by Microsoft's documentation; and Babelfish, as
// measured on 4.3.
// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/execution.hpp"
#include "support/simulator/sql_rules.hpp"

#include <algorithm>

namespace dlock::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t parameter_error = -999;

std::optional<Mode> mode_of(const std::string& name) {
    static const std::map<std::string, Mode> modes{{"Exclusive", Mode::exclusive},
                                                   {"Shared", Mode::shared},
                                                   {"Update", Mode::update},
                                                   {"IntentShared", Mode::intent_shared},
                                                   {"IntentExclusive", Mode::intent_exclusive}};
    const auto found = modes.find(name);
    return found == modes.end() ? std::nullopt : std::optional(found->second);
}

const char* name_of_mode(Mode mode) {
    switch (mode) {
        case Mode::shared:
            return "Shared";
        case Mode::update:
            return "Update";
        case Mode::intent_shared:
            return "IntentShared";
        case Mode::intent_exclusive:
            return "IntentExclusive";
        default:
            return "Exclusive";
    }
}

class MssqlExecution final : public Execution {
  public:
    using Execution::Execution;

    ResultSet run(const Script& script) {
        if (session().cancel_pending) {
            session().cancel_pending = false;
            throw SqlError(0, "HY008", "Operation canceled");
        }
        try {
            for (const SqlStatement& statement : script) {
                one(statement);
            }
        } catch (SqlError& failure) {
            failure.before = std::move(result());
            throw;
        }
        return std::move(result());
    }

    Value call(const std::string& full_name, const std::vector<Value>& arguments,
               const std::vector<std::string>& names) override {
        (void)names;
        if (full_name == "applock_mode") {
            return applock_mode(arguments);
        }
        if (full_name == "xact_state") {
            return std::int64_t{session().transaction == Transaction::active   ? 1
                                : session().transaction == Transaction::failed ? -1
                                                                               : 0};
        }
        if (full_name == "convert" && arguments.size() == 3) {
            return bytes_of_hex(to_text(arguments[1]));
        }
        throw SqlError(207, "42S22", "unknown SQL: " + full_name);
    }

    Value variable(const std::string& name) override {
        if (name == "@@trancount") {
            return std::int64_t{session().transaction != Transaction::none};
        }
        if (name == "@@spid") {
            return session().id;
        }
        if (name == "@@options") {
            return std::int64_t{0};
        }
        return Execution::variable(name);
    }

    Value cast(const std::string& type, const Value& value) override {
        if (type == "nvarchar") {
            return utf8_of_utf16(to_text(value));
        }
        return Execution::cast(type, value);
    }

    std::vector<Row> table(const std::string& name) override {
        if (name == "sys.types" || name == "sys.objects") {
            return {};
        }
        return Execution::table(name);
    }

  private:
    using Kind = SqlStatement::Kind;

    bool is_babelfish() const { return server().behaviour().babelfish; }

    void one(const SqlStatement& statement) {
        switch (statement.kind) {
            case Kind::select:
                return take_result(statement.select);
            case Kind::declare:
            case Kind::assign:
                session().variables[statement.name] = value_of(statement.value);
                return;
            case Kind::condition:
                if (is_true(value_of(statement.value))) {
                    one(statement.inner[0]);
                } else if (statement.inner.size() > 1) {
                    one(statement.inner[1]);
                }
                return;
            case Kind::update:
                if (!update(statement)) {
                    throw SqlError(208, "42S02", "Invalid object name");
                }
                return;
            case Kind::execute:
                return execute(statement);
            case Kind::begin:
                session().transaction = Transaction::active;
                return;
            case Kind::commit:
            case Kind::rollback:
                session().transaction = Transaction::none;
                release_transaction_locks();
                return;
            case Kind::kill:
                end_session(dlock::testing::to_integer(value_of(statement.value)));
                return;
            default:
                throw SqlError(102, "42000", "unknown SQL");
        }
    }

    void execute(const SqlStatement& statement) {
        std::map<std::string, Value> arguments;
        for (std::size_t i = 0; i < statement.arguments.size(); ++i) {
            arguments[statement.argument_names[i]] = evaluate(statement.arguments[i], *this);
        }
        const std::string name = statement.name.substr(statement.name.rfind('.') + 1);
        Value answer;
        if (name == "sp_getapplock") {
            answer = get_lock(arguments);
        } else if (name == "sp_releaseapplock") {
            answer = release_lock(arguments);
        } else {
            throw SqlError(2812, "42000", "Could not find stored procedure");
        }
        if (!statement.target.empty()) {
            session().variables[statement.target] = answer;
        }
    }

    static std::string text_of(const std::map<std::string, Value>& arguments, const char* name,
                               const char* otherwise) {
        const auto found = arguments.find(name);
        return found == arguments.end() ? otherwise : to_text(found->second);
    }

    // Names are cut off, and belong to a principal.
    std::string lock_name(const std::string& resource, const std::string& principal) const {
        return (is_babelfish() ? "public" : principal) + '\n' + resource;
    }

    Value get_lock(const std::map<std::string, Value>& arguments) {
        const auto mode = mode_of(text_of(arguments, "@lockmode", ""));
        const std::string owner = text_of(arguments, "@lockowner", "Transaction");
        const bool xact = owner == "Transaction";
        if (!mode || (owner != "Session" && !xact) ||
            (xact && session().transaction == Transaction::none)) {
            return parameter_error;
        }
        const std::string lock = lock_name(text_of(arguments, "@resource", ""),
                                           text_of(arguments, "@dbprincipal", "public"));
        const auto found = arguments.find("@locktimeout");
        const std::int64_t timeout =
            found == arguments.end() ? -1 : dlock::testing::to_integer(found->second);
        const TimePoint deadline =
            timeout < 0 ? TimePoint::max() : server().now() + milliseconds(timeout);
        switch (server().wait(session(), lock, *mode, xact, deadline)) {
            case Outcome::granted:
                return std::int64_t{0};
            case Outcome::granted_after_wait:
                return std::int64_t{is_babelfish() ? 0 : 1};
            case Outcome::deadlock:
                return std::int64_t{-3};
            case Outcome::cancelled:
                // The batch ends with it, and its return code is never seen.
                throw SqlError(0, "HY008", "Operation canceled");
            case Outcome::timed_out:
                break;
        }
        return is_babelfish() && timeout == 0 ? parameter_error : std::int64_t{-1};
    }

    Value release_lock(const std::map<std::string, Value>& arguments) {
        const bool xact = text_of(arguments, "@lockowner", "Transaction") == "Transaction";
        const std::string lock = lock_name(text_of(arguments, "@resource", ""),
                                           text_of(arguments, "@dbprincipal", "public"));
        for (const Grant& grant : server().locks().grants(lock)) {
            if (grant.session == session().id && grant.xact == xact) {
                (void)releases(lock, grant.mode, xact);
                return std::int64_t{0};
            }
        }
        if (!is_babelfish()) {
            throw SqlError(1223, "42000", "Cannot release the application lock");
        }
        if (server().locks().grants(lock).empty()) {
            throw SqlError(33557097, "42000", "lock TsqlApplockSync is not held");
        }
        return parameter_error;
    }

    // The strongest mode that the session has.
    Value applock_mode(const std::vector<Value>& arguments) {
        const std::string lock = lock_name(to_text(arguments.at(1)), to_text(arguments.at(0)));
        const bool xact = to_text(arguments.at(2)) == "Transaction";
        std::optional<Mode> best;
        for (const Grant& grant : server().locks().grants(lock)) {
            if (grant.session == session().id && grant.xact == xact &&
                (!best || grant.mode == Mode::exclusive)) {
                best = grant.mode;
            }
        }
        return std::string(best ? name_of_mode(*best) : "NoLock");
    }
};

class MssqlRules final : public SqlRules {
  public:
    explicit MssqlRules(ServerModel& server) : server_(server) {}

    ResultSet run(ServerSession& session, const Script& script) override {
        return MssqlExecution(server_, session).run(script);
    }

    std::string name_of(const ActualKey& key) const override {
        return "public\n" + std::get<std::string>(key.value());
    }

  private:
    ServerModel& server_;
};

}  // namespace

std::unique_ptr<SqlRules> make_mssql_rules(ServerModel& server) {
    return std::make_unique<MssqlRules>(server);
}

}  // namespace dlock::testing
