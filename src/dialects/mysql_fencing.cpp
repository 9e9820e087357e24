// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql_fencing.hpp"

#include "dialects/mysql_error.hpp"
#include "dialects/mysql_sql.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace dlock::detail {
namespace {

constexpr int transaction_in_progress = 1568;  // ER_CANT_CHANGE_TX_CHARACTERISTICS

// True for errors of the draw of a token that do not come again if it is drawn again.
bool is_transient(const NativeError& native) {
    switch (native.code) {
        case 1020:  // ER_CHECKREAD: MariaDB's innodb_snapshot_isolation
        case 1205:  // ER_LOCK_WAIT_TIMEOUT
        case 1213:  // ER_LOCK_DEADLOCK
            return true;
        default:
            return mysql_errc(native) == errc::interrupted;
    }
}

Step fail(errc error, const char* advice) {
    return Step{.verdict = Verdict::failed, .error = error, .advice = advice};
}

Step no_schema() {
    return fail(errc::no_fencing_schema, make_fencing_schema);
}

Step other_session() {
    return fail(errc::session_changed,
                "the server session is not the one that was granted the lock");
}

}  // namespace

MysqlFencing::MysqlFencing(const MysqlSettings& settings, std::string name) : settings_(settings) {
    statement_.purpose = Purpose::fence;
    statement_.parameter = std::move(name);
}

Step MysqlFencing::start(const Situation& situation) {
    situation_ = situation;
    repeats_ = 0;
    native_ = {};
    drawn_ = Step{.verdict = Verdict::busy};
    statement_.sql.assign(
        "SELECT CONNECTION_ID(), @@autocommit, CAST(LAST_INSERT_ID() AS SIGNED), ");
    // An UPDATE that finds no row leaves the value alone, so no old one may be there then.
    statement_.sql.append(
        mysql_guarded(settings_, situation_.identity, "IF(@@autocommit, LAST_INSERT_ID(0), 0)", 1));
    return send(State::preparing);
}

Step MysqlFencing::resume(const Reply& reply) {
    if (reply.failed) {
        native_ = reply.native;
    }
    switch (state_) {
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

Step MysqlFencing::send(State state) {
    state_ = state;
    statement_.mode = situation_.mode;
    return Step{.send = &statement_};
}

Step MysqlFencing::after_prepare(const Reply& reply) {
    if (reply.failed) {
        return after_error();
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
    return send(State::probing);
}

Step MysqlFencing::after_probe(const Reply& reply) {
    if (!reply.failed) {
        return send_draw();
    }
    drawn_ = native_.code == transaction_in_progress
                 ? fail(errc::transaction_open,
                        "a fencing token cannot be drawn inside the open transaction: lock "
                        "before it begins")
                 : after_error();
    cause_ = native_;
    return send_reading();
}

Step MysqlFencing::send_draw() {
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
    return send(State::drawing);
}

Step MysqlFencing::after_draw(const Reply& reply) {
    if (reply.failed) {
        drawn_ = after_error();
        cause_ = native_;
    } else {
        drawn_ = Step{.verdict = Verdict::fenced};
    }
    return send_reading();
}

Step MysqlFencing::after_error() const {
    if (is_transient(native_)) {
        return Step{.verdict = Verdict::busy};
    }
    switch (native_.code) {
        case 1049:  // ER_BAD_DB_ERROR
        case 1146:  // ER_NO_SUCH_TABLE
            return no_schema();
        case 1290:  // ER_OPTION_PREVENTS_STATEMENT: read_only
        case 1836:  // ER_READ_ONLY_MODE
            return fail(errc::read_replica,
                        "a server that is read-only draws no tokens; connect to the primary");
        case 1792:  // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
            return fail(errc::permission_denied,
                        "the session may not write, so it draws no tokens: SET SESSION "
                        "TRANSACTION READ WRITE before the lock is taken");
        default:
            break;
    }
    const errc error = mysql_errc(native_);
    return fail(error, error == errc::permission_denied
                           ? "the server refused the fencing token; run "
                             "dlock::create_fencing_schema() or `dlock init`, and GRANT "
                             "SELECT, UPDATE ON dlock.fencing to the login"
                           : mysql_advice(error));
}

// That the lock is held by the session that prepared, and still is after the draw, means that
// it was held all the time: nothing but an acquire of ours takes it.
Step MysqlFencing::send_reading() {
    statement_.sql.assign(
        "SELECT CONNECTION_ID(), CAST(LAST_INSERT_ID() AS SIGNED), IS_USED_LOCK(");
    statement_.sql.append(mysql_lock_name).append(") = CONNECTION_ID(), LAST_INSERT_ID(");
    statement_.sql.append(std::to_string(static_cast<std::uint64_t>(last_insert_id_))).append(")");
    return send(State::reading);
}

Step MysqlFencing::after_reading(const Reply& reply) {
    if (reply.failed || !reply.has_row) {
        // Whether it was put back is not known, so the token cannot be read again.
        if (drawn_.verdict == Verdict::fenced) {
            drawn_ = after_error();
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

Step MysqlFencing::send_restoring() {
    statement_.sql.assign("SELECT LAST_INSERT_ID(");
    statement_.sql.append(std::to_string(static_cast<std::uint64_t>(last_insert_id_))).append(")");
    return send(State::restoring);
}

Step MysqlFencing::after_restoring(const Reply& reply) {
    if (reply.failed && mysql_errc(native_) == errc::interrupted &&
        ++repeats_ < mysql_max_repeats) {
        return send_restoring();
    }
    native_ = cause_;
    return drawn_;
}

}  // namespace dlock::detail
