// The machine of GET_LOCK: which statement follows on which answer.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql.hpp"

#include "dialects/mysql_error.hpp"
#include "dialects/mysql_fencing.hpp"
#include "dialects/mysql_sql.hpp"
#include "keys/hex.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>

namespace dlock::detail {
namespace {

// What the statements answer beside GET_LOCK's own 0, 1 and NULL.
constexpr int answer_already_held = 2;
constexpr int answer_other_session = 3;

// MariaDB has no "for ever" (a negative timeout is NULL at once), so it waits a year at a time.
constexpr std::chrono::seconds mariadb_longest_wait{31536000};
// The most that MySQL's MAX_EXECUTION_TIME takes, in milliseconds; more is ignored.
constexpr std::int64_t mysql_longest_hint = 4294967295;

class MysqlDialect final : public Dialect {
  public:
    MysqlDialect(const MysqlSettings& settings, const ActualKey& key)
        : settings_(settings), fencing_(settings, to_hex(std::get<std::string>(key.value()))) {
        statement_.parameter = to_hex(std::get<std::string>(key.value()));
        // Nothing is allocated by a release.
        statement_.sql.reserve(400);
    }

    Step start(Op op, const Situation& situation) override {
        situation_ = situation;
        repeats_ = 0;
        native_ = {};
        if (situation.transaction == TransactionState::busy) {
            return fail(errc::session_busy, "another command is under way on the session");
        }
        switch (op) {
            case Op::try_acquire:
                return send_acquire(Purpose::try_acquire, "SELECT ", "0");
            case Op::wait:
                return settings_.flavour == MysqlFlavour::mariadb ? wait_mariadb() : wait_mysql();
            case Op::release:
                return send_release();
            case Op::fence:
                state_ = State::fencing;
                return fencing_.start(situation);
            case Op::verify:
                break;
        }
        return send_verify(State::verifying);
    }

    Step resume(const Reply& reply) override {
        if (reply.failed) {
            native_ = reply.native;
        }
        if (reply.connection_lost) {
            return fail(errc::session_lost, "the connection to the server is gone");
        }
        switch (state_) {
            case State::acquiring:
                return after_acquire(reply);
            case State::checking:
            case State::verifying:
                return after_verify(reply);
            case State::releasing:
                return after_release(reply);
            case State::fencing:
                return after_fencing(fencing_.resume(reply));
        }
        return fail(errc::database_error, "unexpected reply");
    }

    const NativeError& native() const noexcept override { return native_; }

    // The server notices a dead waiter by itself, and finds deadlocks at once.
    bool waits_in_slices() const noexcept override { return false; }

    // Two waits that close a cycle within some microseconds of each other both find it.
    bool may_victimise_both() const noexcept override { return true; }

    const FencingSchema& fencing_schema() const noexcept override { return mysql_fencing_schema; }

    errc kind_of(const NativeError& error) const noexcept override { return mysql_errc(error); }

  private:
    enum class State {
        acquiring,
        checking,
        verifying,
        releasing,
        fencing,
    };

    static Step done(Verdict verdict) { return Step{.verdict = verdict}; }

    static Step fail(errc error, const char* advice, bool in_doubt = false) {
        return Step{
            .verdict = Verdict::failed, .error = error, .advice = advice, .in_doubt = in_doubt};
    }

    Step send(State state, Purpose purpose) {
        state_ = state;
        statement_.purpose = purpose;
        statement_.mode = situation_.mode;
        return Step{.send = &statement_};
    }

    // Always SELECT: a killed DO or SET reports success on MariaDB without having the lock.
    Step send_acquire(Purpose purpose, std::string_view select, std::string_view timeout) {
        statement_.sql.assign(select);
        std::string then = "IF(IS_USED_LOCK(";
        then.append(mysql_lock_name).append(") = CONNECTION_ID(), ");
        then.append(std::to_string(answer_already_held)).append(", GET_LOCK(");
        then.append(mysql_lock_name).append(", ").append(timeout).append("))");
        statement_.sql.append(
            mysql_guarded(settings_, situation_.identity, then, answer_other_session));
        tells_transaction_ = purpose == Purpose::try_acquire &&
                             situation_.transaction == TransactionState::unknown &&
                             settings_.flavour == MysqlFlavour::mariadb;
        if (tells_transaction_) {
            statement_.sql.append(", @@in_transaction");  // MySQL has no such variable
        }
        return send(State::acquiring, purpose);
    }

    std::int64_t milliseconds_to_wait() const {
        const Duration limit = std::min(situation_.slice, situation_.remaining);
        return std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(limit).count(),
                                      1);
    }

    Step wait_mariadb() {
        using std::chrono::milliseconds;
        const std::int64_t count = std::min<std::int64_t>(
            milliseconds_to_wait(), milliseconds(mariadb_longest_wait).count());
        char seconds[32];
        std::snprintf(seconds, sizeof seconds, "%lld.%03lld", static_cast<long long>(count / 1000),
                      static_cast<long long>(count % 1000));
        // In a comment that MariaDB executes: its ODBC driver takes a statement that begins with
        // SET for one without a result.
        return send_acquire(Purpose::wait,
                            "/*M!100102 SET STATEMENT max_statement_time = 0 FOR */ SELECT ",
                            seconds);
    }

    // MySQL rounds the timeout to whole seconds, so the statement's own time limit, in
    // milliseconds, ends the wait. Out of its range the hint would be ignored.
    Step wait_mysql() {
        const std::int64_t count = milliseconds_to_wait();
        const bool bounded = count <= mysql_longest_hint;
        const std::string hint = std::to_string(bounded ? count : mysql_longest_hint);
        const std::string timeout = bounded ? std::to_string((count + 999) / 1000) : "-1";
        return send_acquire(Purpose::wait, "SELECT /*+ MAX_EXECUTION_TIME(" + hint + ") */ ",
                            timeout);
    }

    Step after_acquire(const Reply& reply) {
        if (reply.failed) {
            const errc error = mysql_errc(native_);
            if (error == errc::deadlock && statement_.purpose == Purpose::try_acquire) {
                // MySQL may say so of a try, which waits for nobody (its bug 87620): it is busy. A
                // wait that follows is judged anew, so that a crossing has one victim, not two.
                return done(Verdict::busy);
            }
            return error == errc::interrupted ? send_verify(State::checking)
                                              : fail(error, mysql_advice(error));
        }
        if (!reply.has_row || !reply.values[0].has_value()) {
            // NULL: MariaDB's answer to KILL QUERY and to its statement time limit.
            return send_verify(State::checking);
        }
        switch (*reply.values[0]) {
            case 1:
                return told(Verdict::granted, reply);
            case 0:
                return told(Verdict::busy, reply);
            case answer_already_held:
                return fail(errc::already_locked,
                            "this session took the key already, by other means");
            case answer_other_session:
                return fail(errc::session_changed,
                            "a proxy or a reconnect gave another server session; connect directly, "
                            "or set Pooler::session_mode if each session keeps its server session");
            default:
                return fail(errc::database_error, "GET_LOCK gave an unknown answer", true);
        }
    }

    // With what the try was told of the transaction.
    Step told(Verdict verdict, const Reply& reply) const {
        Step step = done(verdict);
        if (tells_transaction_ && reply.values[1].has_value()) {
            step.transaction =
                reply.values[1] == 0 ? TransactionState::idle : TransactionState::active;
        }
        return step;
    }

    Step send_verify(State state) {
        statement_.sql.assign("SELECT ");
        std::string then = "IS_USED_LOCK(";
        then.append(mysql_lock_name).append(") = CONNECTION_ID()");
        statement_.sql.append(mysql_guarded(settings_, situation_.identity, then, 0));
        return send(state, Purpose::verify);
    }

    Step after_verify(const Reply& reply) {
        if (reply.failed || !reply.has_row) {
            const errc error = mysql_errc(native_);
            if (error == errc::interrupted && ++repeats_ < mysql_max_repeats) {
                return send_verify(state_);
            }
            return fail(error, "the lock's state could not be read", state_ == State::checking);
        }
        const bool is_held = reply.values[0] == 1;  // NULL: nobody holds it
        if (state_ == State::verifying) {
            return done(is_held ? Verdict::held : Verdict::not_held);
        }
        return done(is_held ? Verdict::granted : Verdict::interrupted);
    }

    Step send_release() {
        statement_.sql.assign("SELECT RELEASE_LOCK(").append(mysql_lock_name).append(")");
        return send(State::releasing, Purpose::release);
    }

    Step after_release(const Reply& reply) {
        if (reply.failed) {
            const errc error = mysql_errc(native_);
            if (error == errc::interrupted && ++repeats_ < mysql_max_repeats) {
                return send_release();
            }
            return fail(error, "the server did not take the lock back", true);
        }
        return reply.values[0] == 1
                   ? done(Verdict::released)
                   : fail(errc::lock_lost, "the server says that this session does not hold it");
    }

    Step after_fencing(const Step& step) {
        native_ = fencing_.native();
        return step;
    }

    MysqlSettings settings_;
    State state_ = State::verifying;
    Situation situation_{};
    Statement statement_{};
    NativeError native_{};
    int repeats_ = 0;
    bool tells_transaction_ = false;
    MysqlFencing fencing_;
};

}  // namespace

Capabilities mysql_capabilities(MysqlFlavour flavour) {
    return {.database = flavour == MysqlFlavour::mariadb ? "MariaDB" : "MySQL",
            .modes = {Mode::exclusive},
            .xact = false,
            .int32_pair_keys = false,
            .deadlock_detection = true,
            .fair_queue = true};
}

std::unique_ptr<Dialect> make_mysql_dialect(const MysqlSettings& settings, const ActualKey& key) {
    return std::make_unique<MysqlDialect>(settings, key);
}

}  // namespace dlock::detail
