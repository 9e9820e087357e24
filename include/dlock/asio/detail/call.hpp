// One asynchronous operation in Boost.Asio's terms.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/asio/detail/calls.hpp>
#include <dlock/asio/detail/stored_handler.hpp>
#include <dlock/detail/async_operation.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace dlock::detail {

namespace net = boost::asio;

/// What an operation ended with.
struct Outcome {
    boost::system::error_code error;
    bool held = false;
};

/// Polls an AsyncOperation when what it waits for has come. The mutex takes the place of a strand:
/// wake-ups come from any thread, and cancellations may.
class Call : public SuspendedCall, public std::enable_shared_from_this<Call>, private Waker {
  public:
    virtual ~Call() = default;

    void shut_down() noexcept override {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        operation_.abandon();
        close();
    }

  protected:
    Call(BaseLock& lock, const AsyncCall& call, const net::any_io_executor& executor)
        : executor_(executor),
          work_(executor),
          timer_(executor),
          descriptor_(executor),
          // After timer and descriptor: their services are then shut down after this one.
          calls_(net::use_service<SuspendedCalls>(net::query(executor, net::execution::context))),
          operation_(lock, call, *this) {}

    /// Begins; `slot` may ask for the end.
    void begin(net::cancellation_slot slot) {
        if (slot.is_connected()) {
            slot.assign([weak = weak_from_this()](net::cancellation_type type) {
                const std::shared_ptr<Call> call = weak.lock();
                if (call != nullptr && type != net::cancellation_type::none) {
                    call->cancel();
                }
            });
        }
        calls_.add(shared_from_this());
        go_on([this] { return operation_.start(); }, false);
    }

    /// Calls the handler, or has it called soon if it must not run inside this function.
    virtual void deliver(const Outcome& outcome, bool may_run_here) = 0;

    [[nodiscard]] const net::any_io_executor& executor() const noexcept { return executor_; }

  private:
    using TimePoint = std::chrono::steady_clock::time_point;

    void cancel() {
        go_on([this] { return operation_.cancel(); }, false);
    }

    void on_event(bool ready) {
        go_on([this, ready] { return operation_.poll(ready); }, true);
    }

    void wake() noexcept override {
        try {
            net::post(executor_, [weak = weak_from_this()] {
                if (const std::shared_ptr<Call> call = weak.lock()) {
                    call->on_event(false);
                }
            });
        } catch (...) {
            // Out of memory: the timer of the wait comes later, but it comes.
            return;
        }
    }

    template <class Step>
    void go_on(Step step, bool may_run_here) {
        // A context that runs out of work stops, and would not run the handler.
        const net::executor_work_guard<net::any_io_executor> work(executor_);
        if (const auto outcome = advance(std::move(step))) {
            deliver(*outcome, may_run_here);
        }
    }

    // Lets the operation take a step; returns its outcome when that was the last one.
    template <class Step>
    std::optional<Outcome> advance(Step step) {
        const std::shared_ptr<Call> self = shared_from_this();  // beyond the service's hold on it
        const std::lock_guard lock(mutex_);
        if (finished_) {
            return std::nullopt;
        }
        const Suspension next = step();
        if (!next.done && try_to_wait_for(next)) {
            return std::nullopt;
        }
        finished_ = true;
        operation_.abandon();  // from here on nobody is woken
        close();
        calls_.remove(*this);
        if (!next.done) {
            return Outcome{.error = net::error::no_memory};
        }
        if (operation_.error() == errc::cancelled) {
            return Outcome{.error = net::error::operation_aborted};
        }
        return Outcome{.error = operation_.error(), .held = operation_.held()};
    }

    // False if there is no memory to wait with.
    bool try_to_wait_for(const Suspension& next) {
        try {
            wait_for(next);
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }

    void wait_for(const Suspension& next) {
        TimePoint until = next.until;
        if (next.descriptor >= 0) {
            watched_ = watch(next.descriptor);
            if (watched_) {
                wait_for(next.readable, net::posix::stream_descriptor::wait_read, reading_);
                wait_for(next.writable, net::posix::stream_descriptor::wait_write, writing_);
            } else {
                // No descriptor is left in the process: looked at now and then instead.
                constexpr std::chrono::milliseconds pause{10};
                until = std::min(until, std::chrono::steady_clock::now() + pause);
            }
        }
        wait_until(until);
    }

    void wait_until(TimePoint until) {
        if (until == until_) {
            return;
        }
        until_ = until;
        if (until == TimePoint::max()) {
            timer_.cancel();
            return;
        }
        timer_.expires_at(until);
        timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (!error) {
                self->on_time();
            }
        });
    }

    // Watches a copy of the descriptor: the program may watch the client library's own in the same
    // context, and Asio would close it in the end.
    bool watch(int descriptor) {
        if (descriptor_.is_open() && descriptor == original_) {
            return true;
        }
        boost::system::error_code error;
        descriptor_.close(error);
        const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            return false;
        }
        try {
            descriptor_.assign(copy, error);
        } catch (...) {
            ::close(copy);
            throw;
        }
        if (error) {
            ::close(copy);
            return false;
        }
        original_ = descriptor;
        return true;
    }

    void wait_for(bool wanted, net::posix::stream_descriptor::wait_type type, bool& waiting) {
        if (!wanted || waiting) {
            return;
        }
        waiting = true;
        descriptor_.async_wait(
            type, [self = shared_from_this(), &waiting](boost::system::error_code error) {
                {
                    const std::lock_guard lock(self->mutex_);
                    waiting = false;
                }
                if (error != net::error::operation_aborted) {
                    self->on_event(true);
                }
            });
    }

    void on_time() {
        bool look = false;
        {
            const std::lock_guard lock(mutex_);
            until_ = {};
            look = !watched_;
        }
        on_event(look);
    }

    void close() noexcept {
        boost::system::error_code ignored;
        descriptor_.close(ignored);
        timer_.cancel();
        work_.reset();
    }

    net::any_io_executor executor_;
    net::executor_work_guard<net::any_io_executor> work_;
    net::steady_timer timer_;
    net::posix::stream_descriptor descriptor_;
    SuspendedCalls& calls_;

    std::mutex mutex_;
    AsyncOperation operation_;
    TimePoint until_ = TimePoint::max();
    int original_ = -1;
    bool watched_ = true;
    bool reading_ = false;
    bool writing_ = false;
    bool finished_ = false;
};

/// A Call and its handler. `with_answer`: the handler takes a bool behind the error.
template <class Handler, bool with_answer>
class HandledCall final : public Call {
  public:
    static void start(BaseLock& lock, const AsyncCall& call, const net::any_io_executor& executor,
                      Handler handler) {
        AsyncCall checked = call;
        const auto slot = net::get_associated_cancellation_slot(handler);
        checked.cancellable = slot.is_connected();
        // Not in the handler's own memory, which its wake-ups may outlive.
        const auto made =
            std::make_shared<HandledCall>(lock, checked, executor, std::move(handler));
        made->begin(slot);
    }

    HandledCall(BaseLock& lock, const AsyncCall& call, const net::any_io_executor& executor,
                Handler handler)
        : Call(lock, call, executor),
          handler_work_(net::get_associated_executor(handler, executor)),
          handler_(std::move(handler)) {}

  private:
    void deliver(const Outcome& outcome, bool may_run_here) override {
        // Moved out first: nothing here outlives the handler's call.
        Handler handler = handler_.take();
        auto work = std::move(handler_work_);
        if constexpr (with_answer) {
            submit(may_run_here, net::append(std::move(handler), outcome.error, outcome.held));
        } else {
            submit(may_run_here, net::append(std::move(handler), outcome.error));
        }
    }

    // By way of the I/O's executor, then on the handler's own, which need not be able to post.
    template <class Function>
    void submit(bool may_run_here, Function&& function) {
        if (may_run_here) {
            net::dispatch(executor(), std::forward<Function>(function));
        } else {
            net::post(executor(), std::forward<Function>(function));
        }
    }

    net::executor_work_guard<net::associated_executor_t<Handler, net::any_io_executor>>
        handler_work_;
    StoredHandler<Handler> handler_;
};

}  // namespace dlock::detail
