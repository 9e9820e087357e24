// One acquire from its first try to its end, as a machine without I/O and without a clock.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/dialect.hpp"

#include <dlock/options.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace dlock::detail {

using TimePoint = std::chrono::steady_clock::time_point;

/// What an acquire is asked to do.
struct AcquireRequest {
    Mode mode = Mode::exclusive;
    /// One try, no waiting.
    bool no_wait = false;
    /// TimePoint::max() for no deadline.
    TimePoint deadline = TimePoint::max();
    /// The session may stand in the local queue if it has no open transaction: it holds nothing.
    bool may_queue = false;
    /// The lock cannot be given back by hand.
    bool xact = false;
    /// A fencing token is drawn after the grant.
    bool fencing = false;
    /// A stop may be requested and nothing can cancel a statement: wait in short slices.
    bool short_slices = false;
    /// What random pauses are drawn from.
    std::uint64_t seed = 1;
};

/// What the engine does next for the acquire.
struct Action {
    enum class Kind {
        /// Send `statement`, then resume with Event::replied. One that waits and could not be sent
        /// until `until`: Event::woke instead.
        send,
        /// Wait until `until`, then resume with Event::woke; or Event::cancelled.
        sleep,
        /// Wait for a turn in the local queue if `queue`, until `until`: Event::turn_came,
        /// Event::woke when the time is over, Event::cancelled, or Event::waits_for_itself.
        take_turn,
        /// The end; see `outcome`. A turn that was taken is over.
        done,
    };
    enum class Outcome { acquired, timed_out, cancelled, failed };

    Kind kind = Kind::done;
    const Statement* statement = nullptr;
    TimePoint until{};
    bool queue = false;

    Outcome outcome = Outcome::failed;
    /// With Outcome::failed.
    errc error = errc::database_error;
    const char* advice = "";
    /// With Outcome::failed: the session must be closed, nobody can tell what it holds.
    bool in_doubt = false;
    /// With Outcome::acquired: the token, if one was asked for.
    std::optional<std::int64_t> token{};
    /// With Kind::done: what the server told of the session's transaction when it was tried first.
    TransactionState transaction = TransactionState::unknown;
};

/// What happened since the last Action.
enum class Event {
    replied,
    woke,
    turn_came,
    /// This thread holds the key through another session and would wait without limit.
    waits_for_itself,
    cancelled,
};

/// The world when an event is handed in.
struct Moment {
    TimePoint now{};
    std::uint64_t identity = 0;
    TransactionState transaction = TransactionState::unknown;
    bool is_primary = false;
    /// With Event::replied.
    const Reply* reply = nullptr;
    /// With Event::replied: a stop was requested meanwhile, and the server was asked to cancel.
    bool cancel_was_sent = false;
};

/// What an Op of a dialect is told of the session.
[[nodiscard]] inline Situation situation_of(const Moment& moment, Mode mode) {
    return {.identity = moment.identity,
            .transaction = moment.transaction,
            .is_primary = moment.is_primary,
            .mode = mode};
}

/// The four waits of an acquire (a statement's reply, a sleep, a turn, a cancellation) and what
/// follows on each. The same object serves blocking, asynchronous and simulated engines.
///
/// With `fencing` a grant is followed by the draw of a token, which is tried again until the
/// deadline; without one the lock is given back.
///
/// Whatever the outcome but `acquired`, the session holds no more than before, or `in_doubt` says
/// that nobody can tell. The server is always tried first; then, after a turn, the wait goes on in
/// the server, or by polling, until the deadline.
class Acquisition {
  public:
    /// A statement that ends sooner than this without an answer was cut short by somebody.
    static constexpr std::chrono::milliseconds quick{10};
    /// So many in a row are an error.
    static constexpr int max_quick = 8;
    /// The longest pause before a victim of a deadlock asks once more.
    static constexpr std::chrono::milliseconds second_chance{50};
    /// With AcquireRequest::short_slices.
    static constexpr std::chrono::seconds short_slice{1};

    /// However near the deadline, so much is left for drawing a token after the grant.
    static constexpr std::chrono::seconds time_to_fence{1};
    /// The longest wait for a token in one statement, since not all databases let it be cancelled.
    static constexpr std::chrono::seconds fence_slice{1};
    /// The longest pause between two draws.
    static constexpr std::chrono::milliseconds fence_pause{20};

    /// Precondition: `dialect` and `options` outlive the object.
    Acquisition(Dialect& dialect, const LockOptions& options, const AcquireRequest& request);

    [[nodiscard]] Action start(const Moment& moment);
    [[nodiscard]] Action resume(Event event, const Moment& moment);

    /// It was granted, and is not over: the token is still to be drawn.
    [[nodiscard]] bool may_hold() const noexcept {
        return phase_ == Phase::fencing || phase_ == Phase::unfenced;
    }

    /// With Outcome::failed: the server's text and numbers behind it.
    [[nodiscard]] const NativeError& native() const noexcept {
        return cause_.has_value() ? *cause_ : dialect_.native();
    }

  private:
    enum class Phase {
        trying,     // the first try, or one of many when polling
        queued,     // waiting for a turn
        waiting,    // in the server's queue
        pausing,    // between two asks
        fencing,    // granted: drawing the token
        unfenced,   // granted: between two draws
        settling,   // cancelled: making sure that nothing is held
        giving_up,  // giving back what was granted; then comes `end_`
    };

    Action begin(Phase phase, Op op, const Moment& moment);
    Action proceed(const Step& step, const Moment& moment);
    Action after_grant(const Moment& moment);
    Action fence(const Moment& moment);
    Action after_fence(const Step& step, const Moment& moment);
    Action give_back(const Action& end, const Moment& moment);
    Action after_refusal(Verdict verdict, const Moment& moment);
    Action ask_again(const Moment& moment);
    Action sleep(Duration pause, const Moment& moment);
    Action sleep_up_to(std::chrono::microseconds longest, const Moment& moment);
    double random_fraction();
    Duration next_pause();
    bool deadline_passed(const Moment& moment) const;
    bool polls(const Moment& moment) const;
    bool may_fence(const Moment& moment) const;
    Action refuse_to_fence() const;
    TransactionState transaction(const Moment& moment) const;
    Action finish(Action::Outcome outcome) const;
    Action fail(errc error, const char* advice, bool in_doubt = false) const;

    Dialect& dialect_;
    const LockOptions& options_;
    AcquireRequest request_;
    Phase phase_ = Phase::trying;
    TransactionState told_ = TransactionState::unknown;
    Duration slice_;
    TimePoint asked_at_{};
    int quick_ = 0;
    bool had_turn_ = false;
    bool was_victim_ = false;
    bool cancelled_ = false;
    bool cancel_was_sent_ = false;
    Action end_;
    /// Why the lock is given back, since giving it back asks the dialect anew.
    std::optional<NativeError> cause_;
};

}  // namespace dlock::detail
