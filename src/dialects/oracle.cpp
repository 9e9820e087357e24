// The machine of DBMS_LOCK: which block follows on which answer.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/oracle.hpp"

#include "dialects/oracle_fencing.hpp"

#include <algorithm>
#include <chrono>

namespace dlock::detail {
namespace {

using std::chrono::seconds;

// Deadlocks are looked for after some seconds of waiting; a wait that is shorter may never be seen.
constexpr seconds shortest_slice{10};
// 32767 (MAXWAIT) means for ever.
constexpr std::int64_t longest_wait = 32766;

// A late cancel, meant for an earlier statement, can hit a following one: that is asked again.
constexpr int max_repeats = 5;

constexpr const char* make_schema =
    "there is no counter for fencing tokens that this user may use; a DBA runs "
    "dlock::create_fencing_schema() or `dlock init`, and GRANTs SELECT, UPDATE ON dlock.fencing";

// What DBMS_LOCK's functions return.
constexpr int success = 0;
constexpr int timeout = 1;
constexpr int deadlock = 2;
constexpr int parameter_error = 3;
constexpr int own = 4;  // of REQUEST: held already; of CONVERT and RELEASE: not held
constexpr int illegal_handle = 5;

errc classify(const NativeError& native) {
    if (native.sqlstate == "HY008" || native.sqlstate == "57014") {
        return errc::interrupted;  // from the ODBC driver: a cancel has taken the result away
    }
    switch (native.code) {
        case 60:  // deadlock detected while waiting for resource
            return errc::deadlock;
        case 1013:  // user requested cancel of current operation
            return errc::interrupted;
        case 1031:  // insufficient privileges
            return errc::permission_denied;
        case 6550:
            // The block does not compile. PLS-00302: the package has no such function. Else
            // PLS-00201 or PLS-00904: to this user the package is not there.
            return native.message.find("PLS-00302") != std::string::npos ? errc::not_supported
                                                                         : errc::permission_denied;
        case 52:    // maximum number of enqueue resources exceeded
        case 53:    // maximum number of enqueues exceeded
        case 4031:  // out of shared memory
            return errc::resource_exhausted;
        default:
            return errc::database_error;
    }
}

// True if such an error leaves no doubt that nothing was taken.
bool is_certain(errc error) {
    return error != errc::interrupted && error != errc::database_error;
}

const char* advice_for(errc error) {
    switch (error) {
        case errc::deadlock:
            return "Oracle found a deadlock; release the other locks, then try again";
        case errc::interrupted:
            return "the statement was cancelled on the server";
        case errc::permission_denied:
            return "Oracle refused the lock functions; GRANT EXECUTE ON SYS.DBMS_LOCK to the user "
                   "(on SYS.DBMS_TRANSACTION as well, should PUBLIC have lost it)";
        case errc::not_supported:
            return "this server's DBMS_LOCK lacks the lock functions";
        case errc::resource_exhausted:
            return "Oracle is out of enqueues or shared memory";
        default:
            return "Oracle reported an error";
    }
}

class OracleDialect final : public Dialect {
  public:
    OracleDialect(const OracleSettings& settings, const ActualKey& key)
        : xact_(settings.xact), sql_(settings, key) {
        statement_.parameter = sql_.parameter();
        // Nothing is allocated by a release.
        statement_.sql.reserve(OracleSql::longest);
    }

    Step start(Op op, const Situation& situation) override {
        situation_ = situation;
        repeats_ = 0;
        native_ = {};
        told_ = TransactionState::unknown;
        if (situation.transaction == TransactionState::busy) {
            return fail(errc::session_busy, "another command is under way on the session");
        }
        switch (op) {
            case Op::release:
                return xact_ ? fail(errc::held_by_transaction,
                                    "Oracle frees a transaction-level lock when its transaction "
                                    "ends")
                             : send_release();
            case Op::verify:
                return send_convert(State::verifying);
            case Op::fence:
                return send_fence();
            case Op::try_acquire:
            case Op::wait:
                break;
        }
        if (xact_ && situation.transaction == TransactionState::idle) {
            return fail(errc::no_transaction,
                        "switch autocommit off, or begin a transaction, before the lock is taken");
        }
        if (op == Op::try_acquire) {
            return send_request(Purpose::try_acquire, seconds(0));
        }
        // Shorter waits than a second cannot be asked for, and a longer one is not ours.
        return situation.remaining < seconds(1) ? done(Verdict::busy)
                                                : send_request(Purpose::wait, seconds_to_wait());
    }

    Step resume(const Reply& reply) override {
        if (reply.failed) {
            native_ = reply.native;
        }
        if (reply.connection_lost) {
            return fail(errc::session_lost, "the connection to Oracle is gone");
        }
        switch (state_) {
            case State::requesting:
                return after_request(reply);
            case State::checking:
            case State::verifying:
                return after_convert(reply);
            case State::fencing:
                return after_fence(reply);
            case State::releasing:
                return after_release(reply);
        }
        return fail(errc::database_error, "unexpected reply");
    }

    const NativeError& native() const noexcept override { return native_; }

    // It is not documented that Oracle notices a dead waiter.
    bool waits_in_slices() const noexcept override { return true; }

    Duration shortest_wait() const noexcept override { return seconds(1); }

    // An autonomous one.
    bool fences_in_transaction() const noexcept override { return true; }

    const FencingSchema& fencing_schema() const noexcept override { return oracle_fencing_schema; }

    errc kind_of(const NativeError& error) const noexcept override { return classify(error); }

    // A lock with release_on_commit may be taken before the first change begins a transaction, and
    // lasts until the next commit.
    bool locks_end_with_transaction() const noexcept override { return false; }

  private:
    enum class State {
        requesting,
        checking,  // a request ended without a clear answer: is the lock held?
        verifying,
        fencing,
        releasing,
    };

    Step done(Verdict verdict) const { return Step{.verdict = verdict, .transaction = told_}; }

    Step fail(errc error, const char* advice, bool in_doubt = false) const {
        return Step{.verdict = Verdict::failed,
                    .error = error,
                    .advice = advice,
                    .in_doubt = in_doubt,
                    .transaction = told_};
    }

    using Outputs = decltype(Statement::outputs);

    Step send(State state, Purpose purpose, const Outputs& outputs = {"rc"}) {
        state_ = state;
        statement_.purpose = purpose;
        statement_.mode = situation_.mode;
        statement_.outputs = outputs;
        return Step{.send = &statement_};
    }

    Step send_request(Purpose purpose, seconds limit) {
        statement_.limit = limit;
        sql_.request(statement_.sql, situation_.mode, limit.count());
        return send(State::requesting, purpose, {"rc", "tx"});
    }

    seconds seconds_to_wait() const {
        const Duration limit =
            std::min(std::max<Duration>(situation_.slice, shortest_slice), situation_.remaining);
        return seconds(
            std::clamp<std::int64_t>(std::chrono::floor<seconds>(limit).count(), 1, longest_wait));
    }

    Step after_request(const Reply& reply) {
        if (reply.has_row && reply.values[1].has_value()) {
            told_ = *reply.values[1] == 0 ? TransactionState::idle : TransactionState::active;
        }
        if (reply.failed) {
            const errc error = classify(native_);
            return is_certain(error) ? fail(error, advice_for(error))
                                     : check(error, advice_for(error));
        }
        if (!reply.has_row || !reply.values[0].has_value()) {
            return check(errc::database_error, "DBMS_LOCK.REQUEST gave no answer");
        }
        switch (*reply.values[0]) {
            case success:
                return done(Verdict::granted);
            case timeout:
                return done(Verdict::busy);
            case deadlock:
                return fail(errc::deadlock, advice_for(errc::deadlock));
            case own:
                return fail(errc::already_locked,
                            "this session took the key already, by other means");
            case parameter_error:
                return fail(errc::database_error, "DBMS_LOCK.REQUEST refused its parameters");
            case illegal_handle:
                return fail(errc::database_error, "DBMS_LOCK.REQUEST refused the lock's id");
            default:
                return fail(errc::database_error, "DBMS_LOCK.REQUEST gave an unknown answer", true);
        }
    }

    Step check(errc error, const char* advice) {
        cause_ = native_;
        error_ = error;
        advice_ = advice;
        return send_convert(State::checking);
    }

    Step send_convert(State state) {
        sql_.convert(statement_.sql, situation_.mode);
        return send(state, Purpose::verify);
    }

    Step after_convert(const Reply& reply) {
        if (reply.failed && classify(native_) == errc::interrupted && ++repeats_ < max_repeats) {
            return send_convert(state_);
        }
        const bool is_checking = state_ == State::checking;
        const bool answered = !reply.failed && reply.has_row && reply.values[0].has_value();
        if (answered && *reply.values[0] == success) {
            return done(is_checking ? Verdict::granted : Verdict::held);
        }
        if (answered && *reply.values[0] == own) {
            return is_checking ? after_refused_check() : done(Verdict::not_held);
        }
        if (answered && *reply.values[0] == timeout && !is_checking) {
            // Held, in a weaker mode: somebody converted it.
            return done(Verdict::not_held);
        }
        return fail(reply.failed ? classify(native_) : errc::database_error,
                    "the lock's state could not be read", is_checking);
    }

    Step after_refused_check() {
        if (error_ == errc::interrupted) {
            return done(Verdict::interrupted);
        }
        native_ = cause_;
        return fail(error_, advice_);
    }

    Step send_fence() {
        // Whole seconds, at least one, is what the server's wait takes.
        const seconds limit = std::chrono::ceil<seconds>(situation_.slice);
        sql_.fence(statement_.sql, situation_.mode, std::max<std::int64_t>(limit.count(), 1));
        return send(State::fencing, Purpose::fence, {"rc", "hi", "lo"});
    }

    Step after_fence(const Reply& reply) const {
        if (reply.failed) {
            return after_fence_error();
        }
        if (!reply.has_row || reply.values[0] != success) {
            return fail(errc::session_changed,
                        "Oracle says that this session does not hold the lock");
        }
        if (!reply.values[1].has_value() || !reply.values[2].has_value()) {
            return fail(errc::database_error, "Oracle gave no answer");
        }
        return Step{.verdict = Verdict::fenced,
                    .token = *reply.values[1] * (std::int64_t{1} << 31) + *reply.values[2]};
    }

    Step after_fence_error() const {
        const errc error = classify(native_);
        switch (native_.code) {
            case 54:     // resource busy
            case 8177:   // cannot serialize access
            case 30006:  // resource busy, after the wait
                return done(Verdict::busy);
            case 1403:  // no data found
                return fail(errc::no_fencing_schema, make_schema);
            case 6550:
                // The block does not compile. ORA-00942: to this user the table is not there.
                if (native_.message.find("ORA-00942") != std::string::npos) {
                    return fail(errc::no_fencing_schema, make_schema);
                }
                break;
            default:
                break;
        }
        return error == errc::interrupted || error == errc::deadlock
                   ? done(Verdict::busy)
                   : fail(error, error == errc::permission_denied
                                     ? "Oracle refused the fencing token; GRANT SELECT, UPDATE ON "
                                       "dlock.fencing to the user"
                                     : advice_for(error));
    }

    Step send_release() {
        sql_.release(statement_.sql);
        return send(State::releasing, Purpose::release);
    }

    Step after_release(const Reply& reply) {
        if (reply.failed) {
            const errc error = classify(native_);
            if (error == errc::interrupted && ++repeats_ < max_repeats) {
                return send_release();
            }
            return fail(error, "Oracle did not take the lock back", true);
        }
        const std::int64_t result = reply.has_row ? reply.values[0].value_or(-1) : -1;
        if (result == success) {
            return done(Verdict::released);
        }
        return result == own
                   ? fail(errc::lock_lost,
                          "Oracle says that this session does not hold "
                          "it")
                   : fail(errc::database_error, "Oracle did not take the lock back", true);
    }

    bool xact_;
    OracleSql sql_;
    State state_ = State::verifying;
    Situation situation_{};
    Statement statement_{};
    NativeError native_{};
    NativeError cause_{};  // what the request's error was, while the check of it may fail too
    errc error_ = errc::database_error;
    const char* advice_ = "";
    TransactionState told_ = TransactionState::unknown;
    int repeats_ = 0;
};

}  // namespace

Capabilities oracle_capabilities() {
    return {.database = "Oracle",
            .modes = {Mode::exclusive, Mode::shared, Mode::intent_shared, Mode::intent_exclusive,
                      Mode::shared_intent_exclusive, Mode::null},
            .xact = true,
            .int32_pair_keys = false,
            .deadlock_detection = true,
            .fair_queue = true,
            .allocated_names = true};
}

std::unique_ptr<Dialect> make_oracle_dialect(const OracleSettings& settings, const ActualKey& key) {
    return std::make_unique<OracleDialect>(settings, key);
}

}  // namespace dlock::detail
