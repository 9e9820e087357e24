// SPDX-License-Identifier: BSL-1.0
#include "engine/local_queue.hpp"

#include "process.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <unordered_map>

namespace dlock::detail {

using Clock = std::chrono::steady_clock;

/// The waiters for one key, the first in front. Not thread-safe: the queues' mutex guards it.
class QueueLine {
  public:
    void enter(QueueWaiter& waiter) {
        waiters_.push_back(&waiter);
        waiter.state_ = State::waiting;
        promote();
    }

    static void answer(QueueWaiter& waiter) noexcept { waiter.state_ = State::active; }

    void leave(QueueWaiter& waiter) noexcept {
        const auto place = std::find(waiters_.begin(), waiters_.end(), &waiter);
        if (place != waiters_.end()) {
            waiters_.erase(place);
            promote();
        }
    }

    void pass_by_the_silent(Clock::time_point now) noexcept {
        for (QueueWaiter* waiter : waiters_) {
            if (waiter->state_ == State::offered &&
                now - waiter->offered_at_ >= LocalQueue::patience) {
                waiter->state_ = State::passed;
            }
        }
        promote();
    }

    bool empty() const noexcept { return waiters_.empty(); }

  private:
    using State = QueueWaiter::State;

    // Offers the turn to the front waiter, and to the shared ones behind it if it is shared. The
    // next one is told of it as long as one of them has not answered.
    void promote() noexcept {
        bool taken = false;
        bool shared = true;
        bool answered = true;
        for (QueueWaiter* waiter : waiters_) {
            if (waiter->state_ == State::passed) {
                continue;
            }
            if (taken && !(shared && waiter->shared_)) {
                if (!answered) {
                    waiter->on_turn_ahead();
                }
                return;
            }
            if (waiter->state_ == State::waiting) {
                waiter->state_ = State::offered;
                waiter->offered_at_ = waiter->world_.now();
                waiter->on_turn();
            }
            taken = true;
            shared = waiter->shared_;
            answered = answered && waiter->state_ == State::active;
        }
    }

    std::deque<QueueWaiter*> waiters_;
};

namespace {

struct Queues {
    std::mutex mutex;
    std::unordered_map<std::string, QueueLine> lines;
};

Queues& queues() {
    return one_per_process<Queues>();
}

}  // namespace

void LocalQueue::enter(const std::string& name, QueueWaiter& waiter) {
    Queues& all = queues();
    const std::lock_guard lock(all.mutex);
    all.lines[name].enter(waiter);
}

void LocalQueue::answer(QueueWaiter& waiter) noexcept {
    const std::lock_guard lock(queues().mutex);
    QueueLine::answer(waiter);
}

void LocalQueue::leave(const std::string& name, QueueWaiter& waiter) noexcept {
    Queues& all = queues();
    const std::lock_guard lock(all.mutex);
    const auto line = all.lines.find(name);
    if (line != all.lines.end()) {
        line->second.leave(waiter);
        if (line->second.empty()) {
            all.lines.erase(line);
        }
    }
}

void LocalQueue::pass_by_the_silent(const std::string& name, Clock::time_point now) noexcept {
    Queues& all = queues();
    const std::lock_guard lock(all.mutex);
    const auto line = all.lines.find(name);
    if (line != all.lines.end()) {
        line->second.pass_by_the_silent(now);
    }
}

}  // namespace dlock::detail
