// SPDX-License-Identifier: BSL-1.0
#include "operations/verify.hpp"

namespace dlock::detail {

using State = BaseLock::State;

namespace {
constexpr Action done{.kind = Action::Kind::done};
}

Action VerifyOperation::start(const Moment& moment) {
    lock_.notice_loss();
    if (lock_.state_ != State::locked) {
        return done;
    }
    lock_.check_process("a forked child cannot ask for its parent's lock");
    const bool xact = lock_.parts_.options.xact;
    if (!lock_.same_session() || (lock_.hold_is_gone() && !xact)) {
        lock_.lose(State::lost);
        return done;
    }
    lock_.check_idle();
    if (xact && (lock_.transaction_ended() || lock_.hold_is_gone())) {
        lock_.forget_hold();
        return done;
    }
    return proceed(lock_.parts_.dialect->start(Op::verify, situation_of(moment, lock_.mode_)));
}

Action VerifyOperation::resume(Event event, const Moment& moment) {
    (void)event;  // a verify only sends
    return proceed(lock_.parts_.dialect->resume(*moment.reply));
}

Action VerifyOperation::proceed(const Step& step) {
    if (step.send != nullptr) {
        return Action{.kind = Action::Kind::send, .statement = step.send};
    }
    if (step.verdict == Verdict::held) {
        held_ = true;
        return done;
    }
    if (step.verdict == Verdict::failed && step.error != errc::session_lost) {
        lock_.fail(step.error, step.advice, true);
    }
    if (lock_.parts_.options.xact && step.verdict == Verdict::not_held) {
        lock_.forget_hold();
    } else {
        lock_.lose(State::lost);
    }
    return done;
}

void VerifyOperation::abandon() noexcept {
    lock_.lose(State::lost);
    lock_.parts_.driver->abandon();
}

}  // namespace dlock::detail
