// SPDX-License-Identifier: BSL-1.0
#include "loss/loss_watch.hpp"

#include "async/blocking_pool.hpp"

#include <algorithm>
#include <utility>

namespace dlock::detail {

LossWatch::LossWatch(int socket, std::optional<Duration> interval, std::function<Held()> probe,
                     const LockError& error)
    : socket_(socket),
      patience_(interval.has_value() ? std::optional(*interval / 2) : std::nullopt),
      probe_(std::move(probe)),
      error_(error) {}

void LossWatch::set_handler(LossHandler handler) {
    {
        const std::lock_guard lock(mutex_);
        if (!told_) {
            handler_.swap(handler);
            return;
        }
    }
    if (handler) {
        handler(error_);
    }
}

bool LossWatch::pause() noexcept {
    State expected = State::watching;
    return state_.compare_exchange_strong(expected, State::paused) || expected != State::lost;
}

void LossWatch::resume() noexcept {
    State expected = State::paused;
    if (state_.compare_exchange_strong(expected, State::watching) && hung_up_) {
        tell_if(State::watching);
    }
}

void LossWatch::lose() noexcept {
    tell_if(State::paused);
    tell_if(State::watching);
}

void LossWatch::end() noexcept {
    std::shared_ptr<BlockingWork> work;
    {
        const std::lock_guard lock(mutex_);
        State now = state_;
        while (now != State::lost && !state_.compare_exchange_weak(now, State::ended)) {
        }
        ended_ = true;
        work.swap(work_);
    }
    while (work != nullptr && !work->finish()) {
    }
}

int LossWatch::descriptor() const noexcept {
    return hung_up_ ? -1 : socket_.descriptor();
}

void LossWatch::hang_up() noexcept {
    hung_up_ = true;
    tell_if(State::watching);
}

void LossWatch::tell_if(State from) noexcept {
    if (!state_.compare_exchange_strong(from, State::lost)) {
        return;
    }
    source_.request_stop();
    LossHandler handler;
    {
        const std::lock_guard lock(mutex_);
        told_ = true;
        handler.swap(handler_);
    }
    try {
        if (handler) {
            handler(error_);
        }
    } catch (...) {
        // There is nobody to report to; the token has told.
    }
}

void LossWatch::look(Clock::time_point now, const std::shared_ptr<WakeTarget>& target) noexcept {
    if (!patience_.has_value()) {
        return;
    }
    if (look_at_ == Clock::time_point::min() || state_ != State::watching) {
        look_at_ = now + *patience_;
        return;
    }
    bool is_lost = false;
    {
        const std::lock_guard lock(mutex_);
        if (work_ == nullptr) {
            if (now >= look_at_) {
                begin_probe(now, target);
            }
            return;
        }
        if (work_->is_over()) {
            is_lost = answer_->held == Held::no;
            work_.reset();
            look_at_ = now + *patience_;
        } else if (now >= look_at_) {
            const Clock::time_point asked_at = answer_->asked_at;
            silent_ = asked_at != not_asked && now - asked_at >= *patience_;
            is_lost = silent_;
            look_at_ = asked_at == not_asked ? now + *patience_ : asked_at + *patience_;
        }
    }
    if (silent_) {
        socket_.shut_down();  // the probe ends, and nothing can be taken for an answer any more
    }
    if (is_lost) {
        tell_if(State::watching);
    }
}

// The caller has locked the mutex.
void LossWatch::begin_probe(Clock::time_point now, const std::shared_ptr<WakeTarget>& target) {
    look_at_ = now + *patience_;
    if (ended_) {
        return;
    }
    try {
        answer_ = std::make_shared<Answer>();
        const BlockingExecutor executor = [](std::function<void()> job) {
            BlockingPool::for_answers().run(std::move(job));
        };
        const auto ask = [this, answer = answer_] {
            answer->asked_at = Clock::now();
            answer->held = probe_();
        };
        work_ = BlockingWork::start(executor, ask, target);
    } catch (const std::bad_alloc&) {
        // The next one comes after the same time.
    }
}

LossWatch::Clock::time_point LossWatch::look_at() const noexcept {
    return patience_.has_value() ? look_at_ : Clock::time_point::max();
}

}  // namespace dlock::detail
