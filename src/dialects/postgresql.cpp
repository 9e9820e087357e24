// The machine of PostgreSQL advisory locks: which statement follows on which answer.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/postgresql.hpp"

#include "dialects/postgresql_error.hpp"
#include "dialects/postgresql_fencing.hpp"
#include "dialects/postgresql_sql.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace dlock::detail {
namespace {

using namespace sqlstate;

constexpr const char* begin_first = "begin a transaction before the lock is taken";

class PostgresqlDialect final : public Dialect {
  public:
    PostgresqlDialect(const PostgresqlSettings& settings, const ActualKey& key)
        : settings_(settings), sql_(settings, key), fencing_(sql_) {
        for (const Mode mode : {Mode::exclusive, Mode::shared}) {
            unlock_[mode == Mode::shared] = sql_.unlock(mode);
            unlock_failed_[mode == Mode::shared] = sql_.unlock_in_failed_transaction(mode);
            unlock_and_begin_[mode == Mode::shared] = sql_.unlock_and_begin(mode);
        }
        // Nothing is allocated by a release.
        statement_.sql.reserve(unlock_failed_[1].size() + 1);
    }

    Step start(Op op, const Situation& situation) override {
        situation_ = situation;
        repeats_ = 0;
        stepwise_ = false;
        native_ = {};
        if (situation.transaction == TransactionState::busy) {
            return fail(errc::session_busy, "another command is under way on the session");
        }
        if (op == Op::release) {
            return start_release();
        }
        if (situation.transaction == TransactionState::failed) {
            return fail(errc::transaction_failed, "roll the transaction back first");
        }
        switch (op) {
            case Op::try_acquire:
                return start_try();
            case Op::wait:
                return start_wait();
            case Op::fence:
                state_ = State::fencing;
                return fencing_.start(situation);
            default:
                return send(State::verifying, Purpose::verify, sql_.verify(situation.mode));
        }
    }

    Step resume(const Reply& reply) override {
        if (reply.failed) {
            native_ = reply.native;
        }
        if (reply.connection_lost) {
            return fail(errc::session_lost, "the connection to PostgreSQL is gone");
        }
        switch (state_) {
            case State::trying:
                return after_try(reply);
            case State::diagnosing:
                return after_diagnosis(reply);
            case State::measuring:
                return after_measuring(reply);
            case State::waiting:
                return after_wait(reply);
            case State::rolling_back:
                return after_rollback(reply);
            case State::fencing:
                return after_fencing(fencing_.resume(reply));
            case State::checking:
            case State::verifying:
                return after_verify(reply);
            case State::releasing:
                return after_release(reply);
            case State::failing_again:
                return after_failing_again();
            case State::cleaning:
                return after_cleaning(reply);
        }
        return fail(errc::database_error, "unexpected reply");
    }

    const NativeError& native() const noexcept override { return native_; }

    bool waits_in_slices() const noexcept override { return true; }

    std::string keepalive(std::chrono::seconds silence) const override {
        return PostgresqlSql::keepalive(silence);
    }

    const FencingSchema& fencing_schema() const noexcept override {
        return postgresql_fencing_schema;
    }

    errc kind_of(const NativeError& error) const noexcept override {
        return postgresql_errc(error);
    }

  private:
    enum class State {
        trying,
        diagnosing,  // a guard failed: which?
        measuring,   // reading deadlock_timeout before the second slice
        waiting,
        rolling_back,  // a wait failed inside the user's transaction
        checking,      // a wait failed in a way that may have left the lock behind
        verifying,
        fencing,
        releasing,
        failing_again,  // released in a failed transaction that must be left failed
        cleaning,  // a try was cancelled inside a transaction: give back what it may have taken
    };

    Step send(State state, Purpose purpose, std::string_view sql) {
        state_ = state;
        statement_.purpose = purpose;
        statement_.mode = situation_.mode;
        statement_.sql.assign(sql);
        return Step{.send = &statement_};
    }

    static Step done(Verdict verdict) { return Step{.verdict = verdict}; }

    static Step fail(errc error, const char* advice, bool in_doubt = false) {
        return Step{
            .verdict = Verdict::failed, .error = error, .advice = advice, .in_doubt = in_doubt};
    }

    bool in_transaction() const { return situation_.transaction != TransactionState::idle; }

    Step start_try() {
        if (settings_.xact && situation_.transaction == TransactionState::idle) {
            return fail(errc::no_transaction, begin_first);
        }
        waits_ = 0;
        return send(State::trying, Purpose::try_acquire, sql_.try_acquire(situation_));
    }

    Step after_try(const Reply& reply) {
        if (reply.failed) {
            const errc error = postgresql_errc(native_);
            if (error != errc::interrupted) {
                return fail(error, postgresql_advice(error));
            }
            // Cancelled, it may hold the lock all the same.
            if (situation_.transaction == TransactionState::unknown) {
                return check();
            }
            if (!in_transaction() || settings_.xact) {
                return in_transaction() ? fail(errc::transaction_failed, "roll it back") : check();
            }
            cause_ = native_;
            return send(State::cleaning, Purpose::release,
                        unlock_failed_[situation_.mode == Mode::shared]);
        }
        if (!reply.has_row) {
            return send(State::diagnosing, Purpose::other, sql_.diagnose(situation_));
        }
        std::size_t column = 1;
        told_ = TransactionState::unknown;
        if (situation_.transaction == TransactionState::unknown) {
            told_ = reply.values[column++] == 1 ? TransactionState::active : TransactionState::idle;
        }
        if (settings_.xact && told_ == TransactionState::idle) {
            // What was granted has ended with the statement.
            return fail(errc::no_transaction, begin_first);
        }
        timeouts_ = {reply.values[column].value_or(0), reply.values[column + 1].value_or(0),
                     reply.values[column + 2].value_or(0)};
        Step step = done(reply.values[0] == 1 ? Verdict::granted : Verdict::busy);
        step.transaction = told_;
        return step;
    }

    Step after_diagnosis(const Reply& reply) {
        if (reply.failed || !reply.has_row) {
            return fail(errc::database_error, "PostgreSQL gave no answer");
        }
        if (settings_.check_identity && reply.values[0] != 1) {
            return fail(errc::pooler_detected,
                        "a pooler answers for the server; connect to the server itself, or set "
                        "Pooler::session_mode if each session keeps its server session");
        }
        if (reply.values[1] == 1) {
            return fail(errc::read_replica,
                        "a standby grants locks of its own; connect to the primary");
        }
        if (reply.values[2] == 1) {
            return fail(errc::stale_snapshot,
                        "lock before the transaction begins, use READ COMMITTED, or set "
                        "allow_stale_snapshot");
        }
        return fail(errc::session_changed, "the server session changed during the statement");
    }

    Step start_wait() {
        // A wait shorter than the server's deadlock detection never finds a deadlock, and lets
        // later readers overtake a writer each time it starts anew.
        if (++waits_ == 2 && deadlock_timeout_ < 0) {
            return send(State::measuring, Purpose::other, PostgresqlSql::deadlock_timeout());
        }
        return send_wait();
    }

    Step after_measuring(const Reply& reply) {
        if (reply.failed && in_transaction()) {
            const errc error = postgresql_errc(native_);
            return fail(error, postgresql_advice(error));
        }
        if (!reply.failed) {  // else it is asked again before the next acquire's second slice
            deadlock_timeout_ = reply.values[0].value_or(0);
        }
        return send_wait();
    }

    Step send_wait() {
        using std::chrono::milliseconds;
        Duration limit = situation_.slice;
        if (deadlock_timeout_ > 0) {
            limit = std::max<Duration>(limit, 2 * milliseconds(deadlock_timeout_));
        }
        limit = std::min(limit, situation_.remaining);
        // Zero would switch the server's timer off; the most it takes is 2^31 - 1.
        const std::int64_t count =
            std::clamp<std::int64_t>(std::chrono::ceil<milliseconds>(limit).count(), 1, 2147483647);
        return send(State::waiting, Purpose::wait,
                    sql_.wait(situation_, count, timeouts_, connection_check_));
    }

    Step after_wait(const Reply& reply) {
        if (reply.failed) {
            cause_ = native_;
            // With a result that was lost to a cancel, the statements themselves went well.
            return in_transaction() && cause_.sqlstate != odbc_cancelled
                       ? send(State::rolling_back, Purpose::other, PostgresqlSql::roll_back_wait())
                       : after_wait_error();
        }
        // A transaction-level wait ends with statements that have no rows, so `has_row` is that of
        // the lock in both forms.
        if (reply.has_row && settings_.xact && told_ != TransactionState::unknown) {
            // psqlODBC commits under a BEGIN that it does not know of, and the lock is gone.
            wait_error_ = errc::no_transaction;
            return send(State::checking, Purpose::verify, sql_.verify(situation_.mode));
        }
        return reply.has_row ? done(Verdict::granted)
                             : send(State::diagnosing, Purpose::other, sql_.diagnose(situation_));
    }

    Step after_rollback(const Reply& reply) {
        if (!reply.failed) {
            native_ = cause_;
            return after_wait_error();
        }
        if (native_.sqlstate == query_canceled && ++repeats_ < postgresql_max_repeats) {
            return send(State::rolling_back, Purpose::other, PostgresqlSql::roll_back_wait());
        }
        return fail(errc::transaction_failed, "the wait failed and took the transaction with it",
                    true);
    }

    // The last statement of the string is meant to fail, and the one before it has a row.
    Step after_cleaning(const Reply& reply) {
        const bool ended = native_.sqlstate == no_such_savepoint;
        if (!ended && reply.has_row) {
            return send(State::failing_again, Purpose::other, PostgresqlSql::fail_transaction());
        }
        if (!ended && native_.sqlstate == query_canceled && ++repeats_ < postgresql_max_repeats) {
            return send(State::cleaning, Purpose::release,
                        unlock_failed_[situation_.mode == Mode::shared]);
        }
        native_ = cause_;
        return fail(errc::transaction_failed,
                    "the try was cancelled on the server; roll the transaction back", !ended);
    }

    Step after_failing_again() {
        if (native_.sqlstate == query_canceled && ++repeats_ < postgresql_max_repeats) {
            return send(State::failing_again, Purpose::other,
                        stepwise_ ? PostgresqlSql::fail_open_transaction()
                                  : PostgresqlSql::fail_transaction());
        }
        if (stepwise_) {
            return after_unlock(is_unlocked_);
        }
        if (situation_.transaction == TransactionState::failed) {
            return done(Verdict::released);
        }
        native_ = cause_;
        return fail(errc::transaction_failed,
                    "the try was cancelled on the server; roll the transaction back");
    }

    Step after_wait_error() {
        if (native_.sqlstate == lock_not_available) {
            return done(Verdict::busy);
        }
        if (native_.sqlstate == invalid_parameter_value && connection_check_) {
            // Servers on systems without POLLRDHUP refuse client_connection_check_interval.
            connection_check_ = false;
            return send_wait();
        }
        const errc error = postgresql_errc(native_);
        if (error == errc::deadlock || error == errc::resource_exhausted) {
            return fail(error, postgresql_advice(error));
        }
        return check();
    }

    Step check() {
        wait_error_ = postgresql_errc(native_);
        return send(State::checking, Purpose::verify, sql_.verify(situation_.mode));
    }

    Step after_verify(const Reply& reply) {
        if (reply.failed || !reply.has_row) {
            if (native_.sqlstate == query_canceled &&
                situation_.transaction != TransactionState::active &&
                ++repeats_ < postgresql_max_repeats) {
                return send(state_, Purpose::verify, sql_.verify(situation_.mode));
            }
            const errc error = postgresql_errc(native_);
            if (error == errc::transaction_failed && state_ == State::checking &&
                situation_.transaction == TransactionState::unknown) {
                // A transaction was open, and the cancelled try has failed it.
                cause_ = native_;
                return settings_.xact ? fail(error, postgresql_advice(error))
                                      : send(State::cleaning, Purpose::release,
                                             unlock_failed_[situation_.mode == Mode::shared]);
            }
            return fail(error, "the lock's state could not be read", state_ == State::checking);
        }
        const bool is_held = reply.values[0].value_or(0) > 0;
        if (state_ == State::verifying) {
            return done(is_held ? Verdict::held : Verdict::not_held);
        }
        if (is_held) {
            return done(Verdict::granted);
        }
        return wait_error_ == errc::interrupted ? done(Verdict::interrupted)
                                                : fail(wait_error_, postgresql_advice(wait_error_));
    }

    Step after_fencing(const Step& step) {
        native_ = fencing_.native();
        return step;
    }

    Step start_release() {
        if (settings_.xact) {
            return fail(errc::held_by_transaction,
                        "PostgreSQL frees a transaction-level lock when its transaction ends");
        }
        const bool shared = situation_.mode == Mode::shared;
        if (stepwise_) {
            return send(State::releasing, Purpose::release, unlock_and_begin_[shared]);
        }
        return send(State::releasing, Purpose::release,
                    situation_.transaction == TransactionState::failed ? unlock_failed_[shared]
                                                                       : unlock_[shared]);
    }

    Step after_release(const Reply& reply) {
        if (native_.sqlstate == in_failed_transaction && !stepwise_ &&
            situation_.transaction != TransactionState::failed) {
            // The client did not tell that the transaction has failed.
            stepwise_ = true;
            return start_release();
        }
        // In a failed transaction the last statement of the string is meant to fail.
        const bool expected = situation_.transaction == TransactionState::failed &&
                              (native_.sqlstate == no_such_savepoint || reply.values[0] == 1);
        if (reply.failed && expected && native_.sqlstate != no_such_savepoint) {
            return send(State::failing_again, Purpose::other, PostgresqlSql::fail_transaction());
        }
        if (reply.failed && !expected) {
            if (native_.sqlstate == query_canceled && ++repeats_ < postgresql_max_repeats) {
                if (situation_.transaction == TransactionState::active && !stepwise_) {
                    situation_.transaction = TransactionState::failed;
                }
                return start_release();
            }
            const errc error = postgresql_errc(native_);
            return fail(error, "PostgreSQL did not take the lock back", true);
        }
        if (!reply.has_row) {
            return fail(errc::database_error, "PostgreSQL gave no answer", true);
        }
        if (stepwise_) {
            is_unlocked_ = reply.values[0] == 1;
            return send(State::failing_again, Purpose::other,
                        PostgresqlSql::fail_open_transaction());
        }
        return after_unlock(reply.values[0] == 1);
    }

    static Step after_unlock(bool was_held) {
        return was_held
                   ? done(Verdict::released)
                   : fail(errc::lock_lost, "PostgreSQL says that this session does not hold it");
    }

    PostgresqlSettings settings_;
    PostgresqlSql sql_;
    PostgresqlFencing fencing_;
    std::string unlock_[2];
    std::string unlock_failed_[2];
    std::string unlock_and_begin_[2];

    State state_ = State::verifying;
    Situation situation_{};
    Statement statement_{};
    NativeError native_{};
    NativeError cause_{};  // what failed first, while the steps that clean up after it may fail too
    PostgresqlTimeouts timeouts_{};
    errc wait_error_ = errc::database_error;
    // What the last try was told of the transaction; unknown if the client knew.
    TransactionState told_ = TransactionState::unknown;
    int waits_ = 0;
    int repeats_ = 0;
    bool stepwise_ = false;     // a release in a transaction that was found to have failed
    bool is_unlocked_ = false;  // what its first step said
    std::int64_t deadlock_timeout_ = -1;
    bool connection_check_ = true;
};

}  // namespace

Capabilities postgresql_capabilities() {
    return {.database = "PostgreSQL",
            .modes = {Mode::exclusive, Mode::shared},
            .xact = true,
            .int32_pair_keys = true,
            .deadlock_detection = true,
            .fair_queue = true};
}

std::unique_ptr<Dialect> make_postgresql_dialect(const PostgresqlSettings& settings,
                                                 const ActualKey& key) {
    return std::make_unique<PostgresqlDialect>(settings, key);
}

}  // namespace dlock::detail
