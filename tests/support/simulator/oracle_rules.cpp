// Oracle as far as DBMS_LOCK goes: by its documentation.
// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/execution.hpp"
#include "support/simulator/sql_rules.hpp"

#include <algorithm>
#include <charconv>

namespace dlock::testing {
namespace {

using std::chrono::seconds;

// DBMS_LOCK's return codes.
constexpr std::int64_t success = 0;
constexpr std::int64_t timed_out = 1;
constexpr std::int64_t deadlock = 2;
constexpr std::int64_t parameter_error = 3;
constexpr std::int64_t already_own = 4;  // of REQUEST; of RELEASE and CONVERT: do not own
constexpr std::int64_t do_not_own = 4;

constexpr std::int64_t max_wait = 32767;
constexpr std::int64_t ids = std::int64_t{1} << 30;

std::optional<Mode> mode_of(std::int64_t number) {
    static constexpr Mode modes[] = {
        Mode::null,   Mode::intent_shared,           Mode::intent_exclusive,
        Mode::shared, Mode::shared_intent_exclusive, Mode::exclusive};
    if (number < 1 || number > 6) {
        return std::nullopt;
    }
    return modes[number - 1];
}

// What the lock of an allocated name is called in the lock table.
std::string name_of_handle(const std::string& name) {
    return "handle " + name;
}

// True for the handle of a name, and for an id in the range that there is.
bool is_lock(const std::string& lock) {
    if (lock.starts_with(name_of_handle(""))) {
        return true;
    }
    std::int64_t id = -1;
    const auto [end, error] = std::from_chars(lock.data(), lock.data() + lock.size(), id);
    return error == std::errc() && id >= 0 && id < ids;
}

class OracleExecution final : public Execution {
  public:
    using Execution::Execution;

    ResultSet run(const Script& script) {
        if (session().cancel_pending) {
            session().cancel_pending = false;
            throw interrupted();
        }
        for (const SqlStatement& statement : script) {
            one(statement);
        }
        return std::move(result());
    }

    Value call(const std::string& full_name, const std::vector<Value>& arguments,
               const std::vector<std::string>& names) override {
        const std::string prefix = "sys.";
        const std::string name =
            full_name.starts_with(prefix) ? full_name.substr(prefix.size()) : full_name;
        const auto argument = [&](const char* wanted) -> Value {
            const auto place = std::find(names.begin(), names.end(), wanted);
            return place == names.end()
                       ? Value()
                       : arguments[static_cast<std::size_t>(place - names.begin())];
        };
        const auto number = [&](const char* wanted) {
            return dlock::testing::to_integer(argument(wanted));
        };
        if (name == "utl_raw.cast_to_varchar2") {
            return arguments.at(0);
        }
        if (name == "hextoraw") {
            return bytes_of_hex(to_text(arguments.at(0)));
        }
        if (name == "handle") {
            return name_of_handle(to_text(arguments.at(0)));
        }
        if (const auto local = session().variables.find(name); local != session().variables.end()) {
            return local->second;
        }
        if (name == "t") {
            return {};  // not assigned
        }
        if (name == "draw") {
            return draw();
        }
        if (name == "trunc" || name == "mod") {
            return arithmetic(name, arguments);
        }
        // The lock of an id, or of a handle.
        const std::string lock = is_null(argument("lockhandle")) ? to_text(argument("id"))
                                                                 : to_text(argument("lockhandle"));
        if (name == "dbms_lock.request") {
            return request(lock, number("lockmode"),
                           is_null(argument("timeout")) ? max_wait : number("timeout"),
                           is_true(argument("release_on_commit")));
        }
        if (name == "dbms_lock.convert") {
            return convert(lock, number("lockmode"),
                           is_null(argument("timeout")) ? max_wait : number("timeout"));
        }
        if (name == "dbms_lock.release") {
            return release(lock);
        }
        if (name == "dbms_transaction.local_transaction_id") {
            return session().transaction == Transaction::active ? Value(std::string("1.2.3"))
                                                                : Value();
        }
        throw SqlError(904, "", "ORA-00904: unknown SQL: " + name);
    }

  private:
    using Kind = SqlStatement::Kind;

    static SqlError interrupted() {
        return {1013, "", "ORA-01013: user requested cancel of current operation"};
    }

    void one(const SqlStatement& statement) {
        switch (statement.kind) {
            case Kind::select:
                return take_result(statement.select);
            case Kind::condition:
                if (is_true(value_of(statement.value))) {
                    one(statement.inner[0]);
                }
                return;
            case Kind::assign: {
                if (!statement.name.starts_with(':')) {
                    session().variables[statement.name] = value_of(statement.value);
                    return;
                }
                const auto target = session().parameters->find(statement.name.substr(1));
                if (target == session().parameters->end()) {
                    throw SqlError(1008, "", "ORA-01008: not all variables bound");
                }
                target->second = value_of(statement.value);
                return;
            }
            case Kind::begin:  // what stands for the first change of a transaction
                session().transaction = Transaction::active;
                return;
            case Kind::commit:
            case Kind::rollback:
                session().transaction = Transaction::none;
                release_transaction_locks();
                return;
            case Kind::savepoint:
            case Kind::rollback_to:
                return;
            default:
                throw SqlError(900, "", "ORA-00900: unknown SQL");
        }
    }

    // A fencing token, in a transaction of its own.
    Value draw() const {
        std::int64_t* const counter = server().fencing_counter();
        if (counter == nullptr) {
            throw SqlError(6550, "", "ORA-06550: PL/SQL: ORA-00942: table or view does not exist");
        }
        return ++*counter;
    }

    static Value arithmetic(const std::string& name, const std::vector<Value>& arguments) {
        if (is_null(arguments.at(0))) {
            return {};
        }
        return name == "trunc" ? static_cast<std::int64_t>(to_number(arguments[0]))
                               : dlock::testing::to_integer(arguments[0]) %
                                     dlock::testing::to_integer(arguments.at(1));
    }

    std::optional<Grant> own(const std::string& lock) const {
        for (const Grant& grant : server().locks().grants(lock)) {
            if (grant.session == session().id) {
                return grant;
            }
        }
        return std::nullopt;
    }

    Value wait(const std::string& lock, Mode mode, bool xact, std::int64_t timeout) {
        const TimePoint deadline =
            timeout >= max_wait ? TimePoint::max() : server().now() + seconds(timeout);
        switch (server().wait(session(), lock, mode, xact, deadline)) {
            case Outcome::granted:
            case Outcome::granted_after_wait:
                return success;
            case Outcome::deadlock:
                return deadlock;
            case Outcome::cancelled:
                throw interrupted();
            case Outcome::timed_out:
                break;
        }
        return timed_out;
    }

    Value request(const std::string& lock, std::int64_t lockmode, std::int64_t timeout, bool xact) {
        const auto mode = mode_of(lockmode);
        if (!mode || !is_lock(lock) || timeout < 0) {
            return parameter_error;
        }
        return own(lock) ? Value(already_own) : wait(lock, *mode, xact, timeout);
    }

    Value convert(const std::string& lock, std::int64_t lockmode, std::int64_t timeout) {
        const auto mode = mode_of(lockmode);
        if (!mode || timeout < 0) {
            return parameter_error;
        }
        const auto before = own(lock);
        if (!before) {
            return do_not_own;
        }
        const Value answer =
            before->mode == *mode ? Value(success) : wait(lock, *mode, before->xact, timeout);
        if (before->mode != *mode && answer == Value(success)) {
            (void)releases(lock, before->mode, before->xact);
        }
        return answer;
    }

    Value release(const std::string& lock) {
        const auto grant = own(lock);
        if (!grant) {
            return do_not_own;
        }
        (void)releases(lock, grant->mode, grant->xact);
        return success;
    }
};

class OracleRules final : public SqlRules {
  public:
    explicit OracleRules(ServerModel& server) : server_(server) {}

    ResultSet run(ServerSession& session, const Script& script) override {
        return OracleExecution(server_, session).run(script);
    }

    std::string name_of(const ActualKey& key) const override {
        if (const auto* const name = std::get_if<std::string>(&key.value())) {
            return name_of_handle(*name);
        }
        return std::to_string(std::get<std::int64_t>(key.value()));
    }

  private:
    ServerModel& server_;
};

}  // namespace

std::unique_ptr<SqlRules> make_oracle_rules(ServerModel& server) {
    return std::make_unique<OracleRules>(server);
}

}  // namespace dlock::testing
