// SPDX-License-Identifier: BSL-1.0
#include "engine/stoppable_execution.hpp"

#include "process.hpp"

#include <functional>
#include <new>
#include <optional>
#include <utility>

namespace dlock::detail {

StoppableExecution::StoppableExecution(std::shared_ptr<Canceller> canceller, World& world)
    : canceller_(std::move(canceller)),
      world_(world),
      owner_(world.caller()),
      process_(current_process()),
      ended_(world.make_sleeper()),
      left_(world.make_sleeper()) {}

bool StoppableExecution::run(Driver& driver, const Statement& statement, Reply& reply,
                             const std::stop_token& stop) {
    cancellable_ = statement.is_cancellable();
    cancels_ = cancellable_ && canceller_->can_cancel();
    const auto on_stop = [this] { this->on_stop(); };
    std::optional<std::stop_callback<decltype(on_stop)>> callback(std::in_place, stop, on_stop);
    executing_ = true;  // first, for a signal handler that comes in between
    if (stopped_before_) {
        return false;
    }
    driver.execute(statement, reply);
    ended_->wake();
    callback.reset();  // no stop begins any more
    while (stopping_ != nullptr && !stopping_->finish()) {
    }
    if (entered_) {
        (void)left_->sleep_until(TimePoint::max(), {});
    }
    if (gave_up_) {
        // Also where an answer came at the last moment: the server has seen the connection's end,
        // or will.
        driver.abandon();
        reply.clear();
        reply.failed = true;
        reply.connection_lost = true;
        reply.native.message = "the server did not answer after a stop, so the session was closed";
    }
    return (entered_ && cancels_) || sent_by_owner_;
}

void StoppableExecution::on_stop() {
    if (current_process() != process_) {
        return;  // a forked child's copy: the connection is its parent's
    }
    const bool is_owner = world_.caller() == owner_;
    if (is_owner && executing_) {  // from a signal handler, or a hook of the client library
        if (cancels_) {
            sent_by_owner_ = true;
            canceller_->cancel();
        }
        return;
    }
    if (is_owner && cancellable_) {
        stopped_before_ = true;  // stop_callback's constructor found the stop requested
        return;
    }
    if (!cancels_ && !canceller_->can_force()) {
        return;
    }
    give_up_at_ = world_.now() + Canceller::give_up_after;
    stopping_ = start_on(BlockingPool::for_stops, [this] { see_to_the_end(); });
    if (stopping_ == nullptr && !is_owner) {
        see_to_the_end();
    }
}

void StoppableExecution::see_to_the_end() {
    entered_ = true;
    const auto give_up_if_late = [this] {
        if (canceller_->can_force() && world_.now() >= give_up_at_) {
            gave_up_ = true;
            canceller_->force();
        }
    };
    std::shared_ptr<BlockingWork> cancelling;
    do {
        give_up_if_late();
        if (cancels_ && !gave_up_ && (cancelling == nullptr || cancelling->is_over())) {
            cancelling = begin_cancel();
        }
    } while (!ended_->sleep_until(world_.now() + Canceller::repeat_after, {}));
    // One that is late must not hit the session's next statement.
    while (cancelling != nullptr && !cancelling->finish(Canceller::repeat_after) && !gave_up_) {
        give_up_if_late();
    }
    left_->wake();
}

// Null if the cancel is over already.
std::shared_ptr<BlockingWork> StoppableExecution::begin_cancel() {
    auto work =
        start_on(BlockingPool::for_cancels, [canceller = canceller_] { canceller->cancel(); });
    if (work == nullptr) {
        canceller_->cancel();
    }
    return work;
}

// Null if the caller must do it: what hangs could not be left behind, or there is no thread.
template <class Body>
std::shared_ptr<BlockingWork> StoppableExecution::start_on(Pool pool, Body body) const {
    if (!canceller_->can_force()) {
        return nullptr;
    }
    try {
        const auto executor = [&threads = pool()](std::function<void()> job) {
            threads.run(std::move(job));
        };
        auto work = BlockingWork::start(executor, std::move(body), std::make_shared<WakeTarget>());
        return work->state() != BlockingWork::State::dropped ? std::move(work) : nullptr;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

}  // namespace dlock::detail
