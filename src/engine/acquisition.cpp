// SPDX-License-Identifier: BSL-1.0
#include "engine/acquisition.hpp"

#include <algorithm>

namespace dlock::detail {

Acquisition::Acquisition(Dialect& dialect, const LockOptions& options,
                         const AcquireRequest& request)
    : dialect_(dialect), options_(options), request_(request), slice_(options.slice) {}

Action Acquisition::start(const Moment& moment) {
    return may_fence(moment) ? begin(Phase::trying, Op::try_acquire, moment) : refuse_to_fence();
}

Action Acquisition::resume(Event event, const Moment& moment) {
    switch (event) {
        case Event::replied:
            if (moment.cancel_was_sent) {
                cancelled_ = true;
                cancel_was_sent_ = true;
            }
            return proceed(dialect_.resume(*moment.reply), moment);
        case Event::cancelled:
            return phase_ == Phase::fencing || phase_ == Phase::unfenced
                       ? give_back(finish(Action::Outcome::cancelled), moment)
                       : finish(Action::Outcome::cancelled);
        case Event::waits_for_itself:
            return fail(errc::deadlock,
                        "this thread holds the key through another session and would wait for "
                        "itself without limit");
        case Event::woke:
            if (phase_ == Phase::queued || phase_ == Phase::waiting) {
                return finish(Action::Outcome::timed_out);
            }
            return phase_ == Phase::unfenced ? begin(Phase::fencing, Op::fence, moment)
                                             : ask_again(moment);
        case Event::turn_came:
            had_turn_ = true;
            return ask_again(moment);
    }
    return fail(errc::database_error, "unknown event");
}

Action Acquisition::begin(Phase phase, Op op, const Moment& moment) {
    phase_ = phase;
    asked_at_ = moment.now;
    Situation situation = situation_of(moment, request_.mode);
    situation.transaction = transaction(moment);
    if (op == Op::wait || op == Op::fence) {
        situation.remaining = request_.deadline == TimePoint::max()
                                  ? Duration::max()
                                  : std::max<Duration>(request_.deadline - moment.now, {});
        situation.slice = dialect_.waits_in_slices() ? slice_ : situation.remaining;
        if (op == Op::fence) {
            situation.slice = std::min<Duration>(situation.remaining, fence_slice);
        } else if (request_.short_slices) {
            situation.slice = std::min<Duration>(situation.slice, short_slice);
        }
    }
    return proceed(dialect_.start(op, situation), moment);
}

Action Acquisition::proceed(const Step& step, const Moment& moment) {
    if (step.send != nullptr) {
        return Action{
            .kind = Action::Kind::send, .statement = step.send, .until = request_.deadline};
    }
    if (step.transaction != TransactionState::unknown) {
        told_ = step.transaction;
    }
    if (phase_ == Phase::fencing) {
        return after_fence(step, moment);
    }
    switch (step.verdict) {
        case Verdict::granted:
            return after_grant(moment);
        case Verdict::held:
            if (request_.xact) {
                return finish(Action::Outcome::acquired);
            }
            return give_back(finish(Action::Outcome::cancelled), moment);
        case Verdict::not_held:
            return finish(Action::Outcome::cancelled);
        case Verdict::released:
            return end_;
        case Verdict::busy:
        case Verdict::interrupted:
            return after_refusal(step.verdict, moment);
        case Verdict::fenced:
        case Verdict::failed:
            break;
    }
    if (step.error == errc::deadlock && phase_ == Phase::waiting && !was_victim_ && !cancelled_ &&
        dialect_.may_victimise_both() && !deadline_passed(moment)) {
        was_victim_ = true;
        phase_ = Phase::pausing;
        return sleep_up_to(second_chance, moment);
    }
    if (phase_ == Phase::giving_up && step.error == errc::lock_lost) {
        return end_;
    }
    return fail(step.error, step.advice,
                step.in_doubt || phase_ == Phase::settling || phase_ == Phase::giving_up);
}

Action Acquisition::after_grant(const Moment& moment) {
    if (!cancelled_) {
        return request_.fencing ? fence(moment) : finish(Action::Outcome::acquired);
    }
    // A transaction-level lock cannot be given back: the grant stands. The question also takes the
    // blow of a cancel that comes late.
    return request_.xact ? begin(Phase::settling, Op::verify, moment)
                         : give_back(finish(Action::Outcome::cancelled), moment);
}

Action Acquisition::fence(const Moment& moment) {
    if (!may_fence(moment)) {
        return give_back(refuse_to_fence(), moment);
    }
    // From here on the deadline is that of the draw. Others draw as well, so that a grant which
    // came in time is not given back for some milliseconds.
    const TimePoint wanted = request_.no_wait ? moment.now : request_.deadline;
    request_.deadline = std::max(wanted, moment.now + time_to_fence);
    return begin(Phase::fencing, Op::fence, moment);
}

Action Acquisition::after_fence(const Step& step, const Moment& moment) {
    if (cancelled_ && step.verdict != Verdict::failed) {
        return give_back(finish(Action::Outcome::cancelled), moment);
    }
    switch (step.verdict) {
        case Verdict::fenced: {
            Action end = finish(Action::Outcome::acquired);
            end.token = step.token;
            return end;
        }
        case Verdict::busy:
            if (deadline_passed(moment)) {
                return give_back(finish(Action::Outcome::timed_out), moment);
            }
            phase_ = Phase::unfenced;
            return sleep_up_to(fence_pause, moment);
        default:
            break;
    }
    const Action end = fail(step.error, step.advice, step.in_doubt);
    return step.in_doubt || step.error == errc::session_lost ? end : give_back(end, moment);
}

Action Acquisition::give_back(const Action& end, const Moment& moment) {
    end_ = end;
    if (end.outcome == Action::Outcome::failed) {
        cause_ = dialect_.native();
    }
    return begin(Phase::giving_up, Op::release, moment);
}

Action Acquisition::after_refusal(Verdict verdict, const Moment& moment) {
    if (cancelled_) {
        return cancel_was_sent_ ? begin(Phase::settling, Op::verify, moment)
                                : finish(Action::Outcome::cancelled);
    }
    if (!may_fence(moment)) {
        return refuse_to_fence();
    }
    if (verdict == Verdict::busy && request_.no_wait) {
        return finish(Action::Outcome::timed_out);
    }
    if (deadline_passed(moment)) {
        return finish(Action::Outcome::timed_out);
    }
    const bool was_waiting = phase_ == Phase::waiting;
    if (was_waiting && verdict == Verdict::busy && slice_ <= Duration::max() / 2) {
        // Each slice joins the queue anew, so those that hold for longer than a slice would starve
        // a waiter whose slices stayed the same.
        slice_ *= 2;
    }
    if (verdict == Verdict::interrupted || was_waiting) {
        if (moment.now - asked_at_ >= quick) {
            quick_ = 0;
        } else if (++quick_ > max_quick) {
            return fail(errc::interrupted, "the wait is cut short on the server again and again");
        } else if (quick_ > 1) {
            phase_ = Phase::pausing;
            return sleep(std::chrono::milliseconds(1 << quick_), moment);
        }
    }
    if (!had_turn_ && !request_.no_wait) {
        phase_ = Phase::queued;
        return Action{.kind = Action::Kind::take_turn,
                      .until = request_.deadline,
                      .queue = request_.may_queue && transaction(moment) == TransactionState::idle};
    }
    if (polls(moment) && !request_.no_wait) {
        phase_ = Phase::pausing;
        return sleep(next_pause(), moment);
    }
    return ask_again(moment);
}

Action Acquisition::ask_again(const Moment& moment) {
    const bool poll = polls(moment);
    if (poll && phase_ == Phase::queued) {
        phase_ = Phase::pausing;
        return sleep(next_pause(), moment);
    }
    return poll || request_.no_wait ? begin(Phase::trying, Op::try_acquire, moment)
                                    : begin(Phase::waiting, Op::wait, moment);
}

Action Acquisition::sleep(Duration pause, const Moment& moment) {
    // Clipped to the deadline, so that the last try is made when it comes.
    const bool clip = request_.deadline - moment.now < pause;
    return Action{.kind = Action::Kind::sleep,
                  .until = clip ? request_.deadline : moment.now + pause};
}

Action Acquisition::sleep_up_to(std::chrono::microseconds longest, const Moment& moment) {
    return sleep(std::chrono::microseconds(static_cast<std::int64_t>(
                     random_fraction() * static_cast<double>(longest.count()))),
                 moment);
}

double Acquisition::random_fraction() {
    // xorshift64: pauses need to differ, not to be unpredictable.
    std::uint64_t& random = request_.seed;
    random ^= random << 13U;
    random ^= random >> 7U;
    random ^= random << 17U;
    return static_cast<double>(random >> 11U) / 9007199254740992.0;
}

Duration Acquisition::next_pause() {
    const double fraction = random_fraction();
    // Below the interval whatever the rounding, so nothing overflows.
    const double less =
        static_cast<double>(options_.poll_interval.count()) * options_.poll_jitter * fraction;
    return std::max(options_.poll_interval - Duration(static_cast<Duration::rep>(less)),
                    Duration(1));
}

bool Acquisition::deadline_passed(const Moment& moment) const {
    return moment.now >= request_.deadline;
}

bool Acquisition::polls(const Moment& moment) const {
    return options_.wait == WaitStrategy::polling ||
           (request_.deadline != TimePoint::max() &&
            std::max<Duration>(request_.deadline - moment.now, {}) < dialect_.shortest_wait());
}

bool Acquisition::may_fence(const Moment& moment) const {
    return !request_.fencing || dialect_.fences_in_transaction() ||
           transaction(moment) != TransactionState::active;
}

Action Acquisition::refuse_to_fence() const {
    return fail(errc::transaction_open,
                "a fencing token cannot be drawn inside the open transaction: lock before it "
                "begins");
}

// Where the client does not tell, what the server told of it in this acquire.
TransactionState Acquisition::transaction(const Moment& moment) const {
    return moment.transaction != TransactionState::unknown ? moment.transaction : told_;
}

Action Acquisition::finish(Action::Outcome outcome) const {
    return Action{.kind = Action::Kind::done, .outcome = outcome, .transaction = told_};
}

Action Acquisition::fail(errc error, const char* advice, bool in_doubt) const {
    return Action{.kind = Action::Kind::done,
                  .outcome = Action::Outcome::failed,
                  .error = error,
                  .advice = advice,
                  .in_doubt = in_doubt,
                  .transaction = told_};
}

}  // namespace dlock::detail
