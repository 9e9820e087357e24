// SPDX-License-Identifier: BSL-1.0
#include "threads/blocking_work.hpp"

#include <utility>

namespace dlock::detail {

/// What the executor keeps: when the last copy goes without having run, the work was dropped.
class BlockingWork::Ticket {
  public:
    explicit Ticket(std::shared_ptr<BlockingWork> work) : work_(std::move(work)) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() { work_->drop(); }

    void run() const noexcept { work_->run(); }

  private:
    std::shared_ptr<BlockingWork> work_;
};

BlockingWork::BlockingWork(std::function<void()> body, std::shared_ptr<WakeTarget> target)
    : body_(std::move(body)), target_(std::move(target)) {}

std::shared_ptr<BlockingWork> BlockingWork::start(const BlockingExecutor& executor,
                                                  std::function<void()> body,
                                                  std::shared_ptr<WakeTarget> target) {
    auto work = std::make_shared<BlockingWork>(std::move(body), std::move(target));
    auto ticket = std::make_shared<const Ticket>(work);
    try {
        executor([ticket = std::move(ticket)] { ticket->run(); });
    } catch (...) {
        work->drop();  // unless it has run all the same
    }
    return work;
}

BlockingWork::State BlockingWork::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

bool BlockingWork::is_over() const {
    const State now = state();
    return now == State::ended || now == State::dropped;
}

bool BlockingWork::withdraw() noexcept {
    std::function<void()> body;  // destroyed when the mutex is free
    const std::lock_guard lock(mutex_);
    if (state_ != State::queued) {
        return false;
    }
    state_ = State::dropped;
    body.swap(body_);
    return true;
}

bool BlockingWork::finish(Duration patience) noexcept {
    (void)withdraw();
    std::unique_lock lock(mutex_);
    return over_.wait_for(lock, patience, [this] { return state_ != State::running; });
}

void BlockingWork::run() noexcept {
    {
        std::function<void()> body;
        {
            const std::lock_guard lock(mutex_);
            if (state_ != State::queued) {
                return;
            }
            state_ = State::running;
            body.swap(body_);
        }
        body();
        // What it refers to may go as soon as the work has ended, so it goes first.
    }
    {
        const std::lock_guard lock(mutex_);
        state_ = State::ended;
        over_.notify_all();
    }
    target_->wake();
}

void BlockingWork::drop() noexcept {
    if (withdraw()) {
        target_->wake();
    }
}

}  // namespace dlock::detail
