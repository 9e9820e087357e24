// The machine of GET_LOCK: which statement follows on which answer.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql.hpp"

#include "dialects/mysql_fencing.hpp"
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

// A late KILL QUERY, meant for an earlier statement, can hit a following one: that is asked again.
constexpr int max_repeats = 5;

// The name's bytes travel as hexadecimal digits and are declared to be UTF-8: MariaDB compares the
// bytes of the connection's character set, which may be any. A literal costs a third of what
// CONVERT(UNHEX(...) USING utf8mb4) does.
constexpr std::string_view name = "_utf8mb4 X:key";

errc classify(const NativeError& native) {
    if (native.sqlstate == "HY008") {
        return errc::interrupted;  // from the ODBC driver: a cancel has taken the result away
    }
    switch (native.code) {
        case 3058:  // MySQL: ER_USER_LOCK_DEADLOCK
        case 1213:  // MariaDB: ER_LOCK_DEADLOCK; from GET_LOCK it does not roll back
            return errc::deadlock;
        case 1317:  // ER_QUERY_INTERRUPTED: KILL QUERY
        case 3024:  // MySQL: ER_QUERY_TIMEOUT
        case 1969:  // MariaDB: ER_STATEMENT_TIMEOUT
            return errc::interrupted;
        case 3057:  // MySQL: ER_USER_LOCK_WRONG_NAME
        case 4163:  // MySQL: name too long
        case 1059:  // MariaDB: ER_TOO_LONG_IDENT
            return errc::invalid_key;
        case 1044:
        case 1142:
        case 1227:
        case 1370:
            return errc::permission_denied;
        case 1235:  // ER_NOT_SUPPORTED_YET: a cluster node that refuses user-level locks
            return errc::not_supported;
        case 2014:  // CR_COMMANDS_OUT_OF_SYNC
            return errc::session_busy;
        case 1037:
        case 1041:
            return errc::resource_exhausted;
        default:
            return errc::database_error;
    }
}

constexpr int transaction_in_progress = 1568;  // ER_CANT_CHANGE_TX_CHARACTERISTICS

// True for errors of the draw of a token that do not come again if it is drawn again.
bool is_transient(const NativeError& native) {
    switch (native.code) {
        case 1020:  // ER_CHECKREAD: MariaDB's innodb_snapshot_isolation
        case 1205:  // ER_LOCK_WAIT_TIMEOUT
        case 1213:  // ER_LOCK_DEADLOCK
            return true;
        default:
            return classify(native) == errc::interrupted;
    }
}

const char* advice_for(errc error) {
    switch (error) {
        case errc::deadlock:
            return "the server found a deadlock; release the other locks, then try again";
        case errc::invalid_key:
            return "the server refused the lock's name";
        case errc::permission_denied:
            return "the server refused the lock functions to this login";
        case errc::not_supported:
            return "this server refuses user-level locks (a Galera cluster node does)";
        case errc::session_busy:
            return "read the other command's result first";
        case errc::interrupted:
            return "the statement was ended on the server";
        default:
            return "the server reported an error";
    }
}

class MysqlDialect final : public Dialect {
  public:
    MysqlDialect(const MysqlSettings& settings, const ActualKey& key) : settings_(settings) {
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
                return send_prepare();
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
            case State::preparing:
                return after_prepare(reply);
            case State::probing:
                return after_probe(reply);
            case State::drawing:
                return after_draw(reply);
            case State::reading:
                return after_reading(reply);
            case State::restoring:
                return after_restoring(reply);
        }
        return fail(errc::database_error, "unexpected reply");
    }

    const NativeError& native() const noexcept override { return native_; }

    // The server notices a dead waiter by itself, and finds deadlocks at once.
    bool waits_in_slices() const noexcept override { return false; }

    // Two waits that close a cycle within some microseconds of each other both find it.
    bool may_victimise_both() const noexcept override { return true; }

    const FencingSchema& fencing_schema() const noexcept override { return mysql_fencing_schema; }

    errc kind_of(const NativeError& error) const noexcept override { return classify(error); }

  private:
    enum class State {
        acquiring,
        checking,
        verifying,
        releasing,
        preparing,  // a token: the session's LAST_INSERT_ID() is put aside
        probing,    // a token: is a transaction open?
        drawing,    // a token: the counter is raised
        reading,    // a token: what it is, and LAST_INSERT_ID() is put back
        restoring,  // the reading failed
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

    // Evaluates `then` on the server session that the client knows, else gives `otherwise`.
    void append_guarded(std::string_view then, int otherwise) {
        if (!settings_.check_identity || situation_.identity == 0) {
            statement_.sql.append(then);
            return;
        }
        char number[24];
        std::snprintf(number, sizeof number, "%llu",
                      static_cast<unsigned long long>(situation_.identity));
        statement_.sql.append("IF(CONNECTION_ID() = ").append(number).append(", ");
        statement_.sql.append(then);
        std::snprintf(number, sizeof number, ", %d)", otherwise);
        statement_.sql.append(number);
    }

    // Always SELECT: a killed DO or SET reports success on MariaDB without having the lock.
    Step send_acquire(Purpose purpose, std::string_view select, std::string_view timeout) {
        statement_.sql.assign(select);
        std::string then = "IF(IS_USED_LOCK(";
        then.append(name).append(") = CONNECTION_ID(), ");
        then.append(std::to_string(answer_already_held)).append(", GET_LOCK(");
        then.append(name).append(", ").append(timeout).append("))");
        append_guarded(then, answer_other_session);
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
            const errc error = classify(native_);
            if (error == errc::deadlock && statement_.purpose == Purpose::try_acquire) {
                // MySQL may say so of a try, which waits for nobody (its bug 87620): it is busy. A
                // wait that follows is judged anew, so that a crossing has one victim, not two.
                return done(Verdict::busy);
            }
            return error == errc::interrupted ? send_verify(State::checking)
                                              : fail(error, advice_for(error));
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
        then.append(name).append(") = CONNECTION_ID()");
        append_guarded(then, 0);
        return send(state, Purpose::verify);
    }

    Step after_verify(const Reply& reply) {
        if (reply.failed || !reply.has_row) {
            const errc error = classify(native_);
            if (error == errc::interrupted && ++repeats_ < max_repeats) {
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
        statement_.sql.assign("SELECT RELEASE_LOCK(").append(name).append(")");
        return send(State::releasing, Purpose::release);
    }

    Step after_release(const Reply& reply) {
        if (reply.failed) {
            const errc error = classify(native_);
            if (error == errc::interrupted && ++repeats_ < max_repeats) {
                return send_release();
            }
            return fail(error, "the server did not take the lock back", true);
        }
        return reply.values[0] == 1
                   ? done(Verdict::released)
                   : fail(errc::lock_lost, "the server says that this session does not hold it");
    }

    // ---- A fencing token. The counter's new value is left in LAST_INSERT_ID(), where only this
    // session sees it, and what the user had there is put back.

    Step send_prepare() {
        drawn_ = done(Verdict::busy);
        statement_.sql.assign("SELECT CONNECTION_ID(), @@autocommit, LAST_INSERT_ID(), ");
        // An UPDATE that finds no row leaves the value alone, so no old one may be there then.
        append_guarded("IF(@@autocommit, LAST_INSERT_ID(0), 0)", 1);
        return send(State::preparing, Purpose::fence);
    }

    Step after_prepare(const Reply& reply) {
        if (reply.failed) {
            return after_draw_error();
        }
        session_ = reply.values[0].value_or(0);
        last_insert_id_ = reply.values[2].value_or(0);
        if (reply.values[1] != 1) {
            return fail(errc::transaction_open,
                        "autocommit is off, so that the token would belong to a transaction; "
                        "switch it on before the lock is taken");
        }
        if (reply.values[3] != 0) {
            return other_session();
        }
        if (situation_.transaction != TransactionState::unknown) {
            return send_draw();
        }
        // The server's answer to this tells whether a transaction is open.
        statement_.sql.assign("SET TRANSACTION READ WRITE");
        return send(State::probing, Purpose::fence);
    }

    Step after_probe(const Reply& reply) {
        if (!reply.failed) {
            return send_draw();
        }
        drawn_ = native_.code == transaction_in_progress
                     ? fail(errc::transaction_open,
                            "a fencing token cannot be drawn inside the open transaction: lock "
                            "before it begins")
                     : after_draw_error();
        cause_ = native_;
        return send_reading();
    }

    Step send_draw() {
        statement_.sql.clear();
        if (settings_.flavour == MysqlFlavour::mariadb) {
            // MySQL has no such limit for a statement: there the session's own counts.
            const auto limit = std::chrono::ceil<std::chrono::seconds>(situation_.slice).count();
            statement_.sql.append("SET STATEMENT innodb_lock_wait_timeout = ")
                .append(std::to_string(std::max<std::int64_t>(limit, 1)))
                .append(" FOR ");
        }
        // No lock function stands here: replicas that replay statements would not count on.
        statement_.sql.append(
            "UPDATE dlock.fencing SET token = LAST_INSERT_ID(token + 1) WHERE id = 1 AND "
            "CONNECTION_ID() = ");
        statement_.sql.append(std::to_string(session_));
        return send(State::drawing, Purpose::fence);
    }

    Step after_draw(const Reply& reply) {
        if (reply.failed) {
            drawn_ = after_draw_error();
            cause_ = native_;
        } else {
            drawn_ = Step{.verdict = Verdict::fenced};
        }
        return send_reading();
    }

    Step after_draw_error() const {
        if (is_transient(native_)) {
            return done(Verdict::busy);
        }
        switch (native_.code) {
            case 1049:  // ER_BAD_DB_ERROR
            case 1146:  // ER_NO_SUCH_TABLE
                return no_schema();
            case 1290:  // ER_OPTION_PREVENTS_STATEMENT: read_only
            case 1836:  // ER_READ_ONLY_MODE
                return fail(errc::read_replica,
                            "a server that is read-only draws no tokens; connect to the primary");
            default:
                break;
        }
        const errc error = classify(native_);
        return fail(error, error == errc::permission_denied
                               ? "the server refused the fencing token; run "
                                 "dlock::create_fencing_schema() or `dlock init`, and GRANT "
                                 "SELECT, UPDATE ON dlock.fencing to the login"
                               : advice_for(error));
    }

    static Step no_schema() {
        return fail(errc::no_fencing_schema,
                    "there is no counter for fencing tokens; run dlock::create_fencing_schema() "
                    "or `dlock init`");
    }

    static Step other_session() {
        return fail(errc::session_changed,
                    "the server session is not the one that was granted the lock");
    }

    // That the lock is held by the session that prepared, and still is after the draw, means that
    // it was held all the time: nothing but an acquire of ours takes it.
    Step send_reading() {
        statement_.sql.assign("SELECT CONNECTION_ID(), LAST_INSERT_ID(), IS_USED_LOCK(");
        statement_.sql.append(name).append(") = CONNECTION_ID(), LAST_INSERT_ID(");
        statement_.sql.append(std::to_string(last_insert_id_)).append(")");
        return send(State::reading, Purpose::fence);
    }

    Step after_reading(const Reply& reply) {
        if (reply.failed || !reply.has_row) {
            // Whether it was put back is not known, so the token cannot be read again.
            if (drawn_.verdict == Verdict::fenced) {
                drawn_ = after_draw_error();
                cause_ = native_;
            }
            return send_restoring();
        }
        if (drawn_.verdict != Verdict::fenced) {
            native_ = cause_;
            return drawn_;
        }
        if (reply.values[0] != session_ || reply.values[2] != 1) {
            return other_session();
        }
        drawn_.token = reply.values[1].value_or(0);
        return drawn_.token > 0 ? drawn_ : no_schema();
    }

    Step send_restoring() {
        statement_.sql.assign("SELECT LAST_INSERT_ID(");
        statement_.sql.append(std::to_string(last_insert_id_)).append(")");
        return send(State::restoring, Purpose::fence);
    }

    Step after_restoring(const Reply& reply) {
        if (reply.failed && classify(native_) == errc::interrupted && ++repeats_ < max_repeats) {
            return send_restoring();
        }
        native_ = cause_;
        return drawn_;
    }

    MysqlSettings settings_;
    State state_ = State::verifying;
    Situation situation_{};
    Statement statement_{};
    NativeError native_{};
    int repeats_ = 0;
    bool tells_transaction_ = false;
    // Of a token.
    Step drawn_{};         // what came of it, while LAST_INSERT_ID() is put back
    NativeError cause_{};  // the error behind it
    std::int64_t session_ = 0;
    std::int64_t last_insert_id_ = 0;
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
