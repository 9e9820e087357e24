// SPDX-License-Identifier: BSL-1.0
#include "operations/probe.hpp"

namespace dlock::detail {

Action ProbeOperation::start(const Moment& moment) {
    return proceed(dialect_.start(Op::verify, situation_of(moment, mode_)));
}

Action ProbeOperation::resume(Event event, const Moment& moment) {
    (void)event;  // it only sends
    return proceed(dialect_.resume(*moment.reply));
}

Action ProbeOperation::proceed(const Step& step) {
    if (step.send != nullptr) {
        return Action{.kind = Action::Kind::send, .statement = step.send};
    }
    if (step.verdict == Verdict::held) {
        answer_ = Held::yes;
    } else if (step.verdict == Verdict::not_held || step.error == errc::session_lost) {
        answer_ = Held::no;
    }
    return Action{.kind = Action::Kind::done};
}

void ProbeOperation::abandon() noexcept {
    driver_.abandon();
    answer_ = Held::no;
}

}  // namespace dlock::detail
