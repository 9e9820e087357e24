// SPDX-License-Identifier: BSL-1.0
#include "loss/loss_watch.hpp"

#include "threads/blocking_pool.hpp"

#include <new>
#include <utility>

namespace dlock::detail {

void call(const LossHandler& handler, const LockError& error) noexcept {
    try {
        if (handler) {
            handler(error);
        }
    } catch (...) {
    }
}

LossWatch::LossWatch(int socket, std::optional<Duration> interval, std::function<Held()> probe,
                     const LockError& error)
    : socket_(socket),
      patience_(interval.has_value() ? std::optional(*interval / 2) : std::nullopt),
      probe_(std::move(probe)),
      error_(error) {}  // NOLINT(bugprone-throw-keyword-missing): a member

void LossWatch::set_handler(LossHandler handler) {
    {
        const std::lock_guard lock(mutex_);
        if (!told_) {
            handler_.swap(handler);
            return;
        }
    }
    call(handler, error_);
}

bool LossWatch::pause() noexcept {
    State expected = State::watching;
    return state_.compare_exchange_strong(expected, State::paused) || expected != State::lost;
}

void LossWatch::resume() noexcept {
    State expected = State::paused;
    if (state_.compare_exchange_strong(expected, State::watching) && hung_up_ &&
        claim(State::watching)) {
        tell();
    }
}

void LossWatch::lose() noexcept {
    if (claim(State::paused) || claim(State::watching)) {
        tell();
    }
}

void LossWatch::end() noexcept {
    std::shared_ptr<BlockingWork> probing;
    std::shared_ptr<BlockingWork> telling;
    bool by_handler = false;
    LossHandler unused;  // what it holds must not live on with the watcher
    {
        const std::lock_guard lock(mutex_);
        State now = state_;
        while (now != State::lost && !state_.compare_exchange_weak(now, State::ended)) {
        }
        if (now != State::lost) {
            handler_.swap(unused);
        }
        ended_ = true;
        probing.swap(probing_);
        telling.swap(telling_);
        by_handler = teller_ == std::this_thread::get_id();
    }
    while (probing != nullptr && !probing->finish()) {
    }
    if (telling == nullptr || by_handler) {
        return;
    }
    if (telling->withdraw()) {
        tell();  // no thread was free for it
    }
    while (!telling->finish()) {
    }
}

const char* LossWatch::how() const noexcept {
    return silent_    ? "the server did not answer in time"
           : hung_up_ ? "the connection ended"
                      : "it was found not to be held";
}

int LossWatch::descriptor() const noexcept {
    return hung_up_ ? -1 : socket_.descriptor();
}

void LossWatch::hang_up(const std::shared_ptr<WakeTarget>& target) noexcept {
    hung_up_ = true;
    if (claim(State::watching)) {
        tell_elsewhere(target);
    }
}

// True for the one who is to tell.
bool LossWatch::claim(State from) noexcept {
    return state_.compare_exchange_strong(from, State::lost);
}

void LossWatch::tell() noexcept {
    {
        const std::lock_guard lock(mutex_);
        teller_ = std::this_thread::get_id();
    }
    source_.request_stop();
    LossHandler handler;
    {
        const std::lock_guard lock(mutex_);
        told_ = true;
        handler.swap(handler_);
    }
    call(handler, error_);
    const std::lock_guard lock(mutex_);
    teller_ = {};
}

void LossWatch::tell_elsewhere(const std::shared_ptr<WakeTarget>& target) noexcept {
    const BlockingExecutor executor = [](std::function<void()> job) {
        BlockingPool::for_telling().run(std::move(job));
    };
    try {
        const std::lock_guard lock(mutex_);
        // A handler may end the hold, and the lock be gone before it returns.
        telling_ = BlockingWork::start(
            executor, [this, alive = weak_from_this().lock()] { tell(); }, target);
        if (telling_->state() != BlockingWork::State::dropped) {
            return;
        }
        telling_.reset();
    } catch (const std::bad_alloc&) {
        // As without a thread.
    }
    tell();
}

void LossWatch::look(Clock::time_point now, const std::shared_ptr<WakeTarget>& target) noexcept {
    if (!patience_.has_value()) {
        return;
    }
    if (look_at_ == Clock::time_point::min() || state_ != State::watching) {
        // At first, and while a release is under way.
        look_at_ = now + *patience_;
        sure_at_ = now;
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (!finds_loss(now, target)) {
            return;
        }
    }
    if (claim(State::watching)) {
        if (silent_) {
            socket_.shut_down();  // the probe ends, and no late answer counts
        }
        tell_elsewhere(target);
    }
}

// The caller has locked the mutex. One question is begun each time that `patience_` has passed, and
// the last one must have been answered by then.
bool LossWatch::finds_loss(Clock::time_point now, const std::shared_ptr<WakeTarget>& target) {
    if (probing_ != nullptr && probing_->is_over()) {
        probing_.reset();
        const Held held = *answer_;
        if (held == Held::unknown && now - sure_at_ >= 2 * *patience_) {
            silent_ = true;
            return true;
        }
        if (held == Held::no) {
            return true;
        }
        if (held != Held::unknown) {
            sure_at_ = now;
        }
    }
    if (now < look_at_) {
        return false;
    }
    const bool late = now - look_at_ >= *patience_ / 8;
    look_at_ = now + *patience_;
    if (probing_ == nullptr) {
        begin_probe(target);
        return false;
    }
    if (late && !std::exchange(had_respite_, true)) {
        return false;  // this process stood still; the answer may have come
    }
    silent_ = true;
    return true;
}

// The caller has locked the mutex.
void LossWatch::begin_probe(const std::shared_ptr<WakeTarget>& target) {
    const BlockingExecutor executor = [](std::function<void()> job) {
        BlockingPool::for_probes().run(std::move(job));
    };
    if (ended_) {
        return;
    }
    try {
        answer_ = std::make_shared<std::atomic<Held>>(Held::unknown);
        had_respite_ = false;
        probing_ = BlockingWork::start(
            executor, [this, answer = answer_] { *answer = probe_(); }, target);
    } catch (const std::bad_alloc&) {
        // The next one comes after the same time.
    }
}

LossWatch::Clock::time_point LossWatch::look_at() const noexcept {
    return patience_.has_value() ? look_at_ : Clock::time_point::max();
}

}  // namespace dlock::detail
