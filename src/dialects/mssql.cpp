// The machine of sp_getapplock: which statement follows on which answer.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/mssql.hpp"

#include "dialects/mssql_error.hpp"
#include "dialects/mssql_fencing.hpp"

#include <algorithm>
#include <chrono>

namespace dlock::detail {
namespace {

using std::chrono::milliseconds;

// SQL Server looks for deadlocks every 5 s; a wait that is shorter may never be seen.
constexpr std::chrono::seconds shortest_slice{10};
// The most that @LockTimeout takes.
constexpr std::int64_t longest_wait = 2147483647;

constexpr int mssql_no_such_table = 208;
constexpr int mssql_snapshot_conflict = 3960;

// A late cancel, meant for an earlier statement, can hit a following one: that is asked again.
constexpr int max_repeats = 5;

class MssqlDialect final : public Dialect {
  public:
    MssqlDialect(const MssqlSettings& settings, const ActualKey& key)
        : xact_(settings.xact), sql_(settings, key) {
        statement_.parameter = sql_.parameter();
        // Nothing is allocated by a release.
        statement_.sql.reserve(sql_.longest());
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
                                    "the server frees a transaction-level lock when its "
                                    "transaction ends")
                             : send_release();
            case Op::verify:
                return send_verify(State::verifying);
            case Op::fence:
                return send_fence();
            case Op::try_acquire:
            case Op::wait:
                break;
        }
        if (situation.transaction == TransactionState::failed) {
            return fail(errc::transaction_failed, "roll the transaction back first");
        }
        return op == Op::wait ? send_acquire(Purpose::wait, milliseconds_to_wait())
                              : send_acquire(Purpose::try_acquire, answers_busy_ ? 0 : 1);
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
            case State::searching:
                return after_verify(reply);
            case State::fencing:
                return after_fence(reply);
            case State::releasing:
                return after_release(reply);
        }
        return fail(errc::database_error, "unexpected reply");
    }

    const NativeError& native() const noexcept override { return native_; }

    // Each wait keeps one of the server's worker threads.
    bool waits_in_slices() const noexcept override { return true; }

    const FencingSchema& fencing_schema() const noexcept override { return mssql_fencing_schema; }

    errc kind_of(const NativeError& error) const noexcept override { return mssql_errc(error); }

  private:
    enum class State {
        acquiring,
        checking,  // an acquire ended without a clear answer: is the lock held?
        verifying,
        fencing,
        releasing,
        searching,  // a release ended without success: is the lock still held?
    };

    Step done(Verdict verdict) const { return Step{.verdict = verdict, .transaction = told_}; }

    Step fail(errc error, const char* advice, bool in_doubt = false) const {
        return Step{.verdict = Verdict::failed,
                    .error = error,
                    .advice = advice,
                    .in_doubt = in_doubt,
                    .transaction = told_};
    }

    Step send(State state, Purpose purpose) {
        state_ = state;
        statement_.purpose = purpose;
        statement_.mode = situation_.mode;
        return Step{.send = &statement_};
    }

    Step send_acquire(Purpose purpose, std::int64_t count) {
        count_ = count;
        statement_.limit = purpose == Purpose::wait ? milliseconds(count) : milliseconds(0);
        sql_.acquire(statement_.sql, situation_.mode, count);
        return send(State::acquiring, purpose);
    }

    std::int64_t milliseconds_to_wait() const {
        const Duration limit =
            std::min(std::max<Duration>(situation_.slice, shortest_slice), situation_.remaining);
        return std::clamp<std::int64_t>(std::chrono::ceil<milliseconds>(limit).count(), 1,
                                        longest_wait);
    }

    // ODBC does not see a transaction that was begun by a statement; the server does.
    void read_transaction(const Reply& reply) {
        if (!reply.has_row || !reply.values[1].has_value() || !reply.values[2].has_value()) {
            return;
        }
        if (*reply.values[2] == -1) {
            told_ = TransactionState::failed;
        } else {
            told_ = *reply.values[1] > 0 ? TransactionState::active : TransactionState::idle;
        }
    }

    Step after_acquire(const Reply& reply) {
        read_transaction(reply);
        const std::int64_t result =
            reply.has_row ? reply.values[0].value_or(MssqlAnswer::nothing) : MssqlAnswer::nothing;
        if (reply.failed) {
            return after_error(result >= 0);
        }
        switch (result) {
            case 0:  // granted at once
            case 1:  // granted after a wait
                return done(Verdict::granted);
            case -1:
                return done(Verdict::busy);
            case -2:
                return check(errc::interrupted, mssql_advice(errc::interrupted));
            case -3:
                return fail(errc::deadlock, mssql_advice(errc::deadlock));
            case -999:
                return after_refusal();
            case MssqlAnswer::nothing:
                return check(errc::database_error, "sp_getapplock gave no answer");
            case MssqlAnswer::already_held:
                return fail(errc::already_locked,
                            "this session took the key already, by other means");
            case MssqlAnswer::no_transaction:
                return fail(errc::no_transaction, "begin a transaction before the lock is taken");
            case MssqlAnswer::doomed:
                return fail(errc::transaction_failed, "roll the transaction back first");
            case MssqlAnswer::no_names:
                return fail(
                    errc::not_supported,
                    "this server does not convert the lock's name from hexadecimal digits as "
                    "SQL Server does; an old Babelfish has to be updated");
            default:
                return fail(errc::database_error, "sp_getapplock gave an unknown answer", true);
        }
    }

    // -999 means wrong parameters; Babelfish also says it if the lock is held and the timeout is
    // zero. With a timeout above zero it tells the two apart, so it is asked so from then on.
    Step after_refusal() {
        if (count_ == 0) {
            answers_busy_ = false;
            return send_acquire(statement_.purpose, 1);
        }
        return fail(errc::database_error,
                    "sp_getapplock refused its parameters (-999): the login must be a member of "
                    "the lock's database principal");
    }

    Step after_error(bool seems_granted) {
        const errc error = mssql_errc(native_);
        if (native_.code == mssql_lock_timeout && statement_.purpose == Purpose::try_acquire &&
            !seems_granted) {
            return done(Verdict::busy);
        }
        return mssql_took_nothing(error) && !seems_granted ? fail(error, mssql_advice(error))
                                                           : check(error, mssql_advice(error));
    }

    Step check(errc error, const char* advice) {
        cause_ = native_;
        error_ = error;
        advice_ = advice;
        return send_verify(State::checking);
    }

    Step send_verify(State state) {
        sql_.verify(statement_.sql, situation_.mode);
        return send(state, Purpose::verify);
    }

    Step after_verify(const Reply& reply) {
        if (reply.failed || !reply.has_row || !reply.values[0].has_value()) {
            const errc error = reply.failed ? mssql_errc(native_) : errc::database_error;
            if (error == errc::interrupted && ++repeats_ < max_repeats) {
                return send_verify(state_);
            }
            return fail(error, "the lock's state could not be read", state_ != State::verifying);
        }
        const bool is_held = *reply.values[0] == 1;
        switch (state_) {
            case State::checking:
                return after_check(is_held);
            case State::searching:
                return after_search(is_held);
            default:
                return done(is_held ? Verdict::held : Verdict::not_held);
        }
    }

    Step after_check(bool is_held) {
        if (is_held) {
            return done(Verdict::granted);
        }
        if (error_ == errc::interrupted) {
            return done(Verdict::interrupted);
        }
        native_ = cause_;
        return fail(error_, advice_);
    }

    Step send_fence() {
        sql_.fence(statement_.sql, situation_.mode);
        return send(State::fencing, Purpose::fence);
    }

    Step after_fence(const Reply& reply) const {
        if (reply.failed) {
            return after_fence_error();
        }
        if (!reply.has_row) {
            return fail(errc::no_fencing_schema, make_fencing_schema);
        }
        if (reply.values[0] == MssqlFence::in_transaction) {
            return fail(errc::transaction_open,
                        "a fencing token cannot be drawn inside the open transaction, nor with "
                        "implicit transactions: lock before it begins");
        }
        if (reply.values[0] != 0 || !reply.values[1].has_value()) {
            return fail(errc::session_changed,
                        "the server session is not the one that was granted the lock");
        }
        return Step{.verdict = Verdict::fenced, .token = *reply.values[1]};
    }

    Step after_fence_error() const {
        const errc error = mssql_errc(native_);
        if (error == errc::interrupted || error == errc::deadlock ||
            native_.code == mssql_snapshot_conflict) {
            return done(Verdict::busy);
        }
        if (native_.code == mssql_no_such_table) {
            return fail(errc::no_fencing_schema, make_fencing_schema);
        }
        return fail(error, error == errc::permission_denied
                               ? "the server refused the fencing token; GRANT SELECT, UPDATE ON "
                                 "dlock.fencing to the login"
                               : mssql_advice(error));
    }

    Step send_release() {
        sql_.release(statement_.sql);
        return send(State::releasing, Purpose::release);
    }

    Step after_release(const Reply& reply) {
        if (!reply.failed && reply.has_row && reply.values[0] == 0) {
            return done(Verdict::released);
        }
        if (reply.failed && native_.code == mssql_not_held) {
            return lost();
        }
        // -999, an error, or nothing: Babelfish says each of these of a lock that is not held.
        error_ = reply.failed ? mssql_errc(native_) : errc::database_error;
        return send_verify(State::searching);
    }

    Step after_search(bool is_held) {
        if (!is_held) {
            return lost();
        }
        if (error_ == errc::interrupted && ++repeats_ < max_repeats) {
            return send_release();
        }
        return fail(error_, "the server did not take the lock back", true);
    }

    Step lost() const {
        return fail(errc::lock_lost, "the server says that this session does not hold it");
    }

    bool xact_;
    MssqlSql sql_;
    State state_ = State::verifying;
    Situation situation_{};
    Statement statement_{};
    NativeError native_{};
    NativeError cause_{};  // what the acquire's error was, while the check of it may fail too
    errc error_ = errc::database_error;
    const char* advice_ = "";
    TransactionState told_ = TransactionState::unknown;
    std::int64_t count_ = 0;  // the timeout that was sent last
    int repeats_ = 0;
    bool answers_busy_ = true;  // false once the server has answered -999 to a timeout of zero
};

}  // namespace

Capabilities mssql_capabilities() {
    return {.database = "SQL Server",
            .modes = {Mode::exclusive, Mode::shared, Mode::update, Mode::intent_shared,
                      Mode::intent_exclusive},
            .xact = true,
            .int32_pair_keys = false,
            .deadlock_detection = true,
            .fair_queue = true,
            .principals = true};
}

std::unique_ptr<Dialect> make_mssql_dialect(const MssqlSettings& settings, const ActualKey& key) {
    return std::make_unique<MssqlDialect>(settings, key);
}

}  // namespace dlock::detail
