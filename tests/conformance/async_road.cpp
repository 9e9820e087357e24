// The asynchronous road: the functions of <dlock/asio.hpp>.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/async_calls.hpp"

#include <dlock/asio.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

namespace dlock_test {
namespace {

namespace asio = boost::asio;
using Outcome = AsyncCalls::Outcome;

// The thread on which all operations of the suite are started and completed.
class IoThread {
  public:
    IoThread() : thread_([this] { context_.run(); }) {}
    ~IoThread() {
        work_.reset();
        thread_.join();
    }
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;

    [[nodiscard]] asio::io_context::executor_type executor() { return context_.get_executor(); }

  private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::thread thread_;
};

IoThread& io_thread() {
    static IoThread thread;
    return thread;
}

// One operation under way. Kept by its handler, its initiation and its cancellation: whoever is
// last may be on either thread.
struct Operation {
    std::promise<Outcome> promise;
    asio::cancellation_signal signal;
    bool initiating = false;  // used on the io_context's thread alone
};

// The completion handler; it also looks at when and where it is called.
class Completion {
  public:
    explicit Completion(std::shared_ptr<Operation> operation) : operation_(std::move(operation)) {}

    void operator()(boost::system::error_code error, bool result = false) {
        if (!io_thread().executor().running_in_this_thread()) {
            fail("completed outside its executor");
        } else if (operation_->initiating) {
            fail("completed within its own initiation");
        } else {
            operation_->promise.set_value({as_std(error), result});
        }
    }

  private:
    static std::error_code as_std(boost::system::error_code error) {
        if (error == asio::error::operation_aborted) {
            return make_error_code(dlock::errc::cancelled);
        }
        return error;
    }

    void fail(const char* text) {
        operation_->promise.set_exception(std::make_exception_ptr(std::logic_error(text)));
    }

    std::shared_ptr<Operation> operation_;
};

// Starts what `start` starts when it is given an executor and a handler, and waits for its end.
//
// Asio knows no cancellation before the start: what is emitted then is not heard. So the operation
// is started even if a stop was requested already, and cancelled at once.
template <class Start>
Outcome run(Start start, const std::stop_token& stop = {}) {
    const auto executor = io_thread().executor();
    const auto operation = std::make_shared<Operation>();
    auto ended = operation->promise.get_future();
    asio::post(executor, [executor, operation, &start] {
        operation->initiating = true;
        try {
            start(executor,
                  asio::bind_cancellation_slot(operation->signal.slot(), Completion(operation)));
        } catch (...) {
            operation->promise.set_exception(std::current_exception());
        }
        operation->initiating = false;
    });
    const std::stop_callback cancel(stop, [executor, operation] {
        asio::post(executor, [operation] { operation->signal.emit(asio::cancellation_type::all); });
    });
    return ended.get();
}

class IoThreadCalls final : public AsyncCalls {
  public:
    Outcome acquire(dlock::BaseLock& lock, dlock::Wait wait,
                    const std::stop_token& stop) const override {
        return run(
            [&](auto executor, auto handler) {
                dlock::async_acquire(executor, lock, wait, std::move(handler));
            },
            stop);
    }
    Outcome acquire_shared(dlock::BaseLock& lock, dlock::Wait wait,
                           const std::stop_token& stop) const override {
        return run(
            [&](auto executor, auto handler) {
                dlock::async_acquire_shared(executor, lock, wait, std::move(handler));
            },
            stop);
    }
    Outcome try_acquire(dlock::BaseLock& lock) const override {
        return run([&](auto executor, auto handler) {
            dlock::async_try_acquire(executor, lock, std::move(handler));
        });
    }
    Outcome release(dlock::BaseLock& lock) const override {
        return run([&](auto executor, auto handler) {
            dlock::async_release(executor, lock, std::move(handler));
        });
    }
    Outcome close(dlock::BaseLock& lock) const override {
        return run([&](auto executor, auto handler) {
            dlock::async_close(executor, lock, std::move(handler));
        });
    }
    Outcome verify(dlock::BaseLock& lock) const override {
        return run([&](auto executor, auto handler) {
            dlock::async_verify(executor, lock, std::move(handler));
        });
    }
};

}  // namespace

const AsyncCalls* async_calls() {
    static const IoThreadCalls calls;
    return &calls;
}

}  // namespace dlock_test
