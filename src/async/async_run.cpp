// SPDX-License-Identifier: BSL-1.0
#include "async/async_run.hpp"

#include "lock_state.hpp"
#include "operations/acquire.hpp"
#include "operations/release.hpp"
#include "operations/verify.hpp"
#include "process.hpp"

#include <utility>

namespace dlock::detail {

AsyncRun::AsyncRun(std::shared_ptr<AsyncLink> link, const AsyncCall& call, Waker& waker)
    : link_(std::move(link)),
      call_(call),
      target_(std::make_shared<WakeTarget>(waker)),
      process_(current_process()) {}

AsyncRun::~AsyncRun() {
    abandon();
}

std::unique_ptr<Operation> AsyncRun::make_operation(LockState& lock) const {
    switch (call_.kind) {
        case AsyncCall::Kind::acquire:
            return std::make_unique<AcquireOperation>(lock, call_.mode, call_.wait, Hold::nobody);
        case AsyncCall::Kind::verify:
            return std::make_unique<VerifyOperation>(lock);
        case AsyncCall::Kind::release:
        case AsyncCall::Kind::close:
            break;
    }
    return std::make_unique<ReleaseOperation>(lock);
}

// Runs `function`, which goes on with the engine, and notes the end that it comes to.
template <class Function>
Suspension AsyncRun::step(Function function) noexcept {
    if (leave_to_parent()) {
        return {.done = true};
    }
    const std::lock_guard guard(link_->mutex);
    if (done_) {
        return {.done = true};
    }
    if (link_->lock == nullptr) {
        error_ = make_error_code(errc::cancelled);
        finish();
        return {.done = true};
    }
    try {
        const Suspension next = function(*link_->lock);
        if (!next.done) {
            return next;
        }
        held_ = operation_ != nullptr && operation_->held();
    } catch (const LockError& error) {
        error_ = error.code();
        link_->lock->note(error);
    } catch (...) {
        // Out of memory on the way: nobody knows what the session holds.
        error_ = std::make_error_code(std::errc::not_enough_memory);
        engine_.reset();  // which waits for other threads
        if (operation_ != nullptr) {
            operation_->abandon();
        }
    }
    finish();
    return {.done = true};
}

Suspension AsyncRun::start() noexcept {
    return step([this](LockState& lock) -> Suspension {
        if (call_.kind == AsyncCall::Kind::close && !lock.has_to_close()) {
            return {.done = true};
        }
        const LockParts& parts = lock.parts();
        if (&parts.driver->world() != &World::real()) {
            throw LockError(errc::not_supported, "asynchronous operations need the real time");
        }
        if (parts.options.verify_interval.has_value()) {
            throw LockError(errc::not_supported,
                            "verify_interval is for blocking calls; call async_verify() again and "
                            "again",
                            parts.key.to_string());
        }
        const std::unique_lock use(lock.record().use, std::try_to_lock);
        if (!use.owns_lock()) {
            throw LockError(errc::session_busy, "another lock uses the session",
                            parts.key.to_string());
        }
        operation_ = make_operation(lock);
        engine_ = std::make_unique<AsyncEngine>(*operation_,
                                                AsyncSetting{.driver = *parts.driver,
                                                             .options = parts.options,
                                                             .target = target_,
                                                             .cancellable = call_.cancellable});
        const Suspension next = engine_->start();
        if (!next.done) {
            lock.record().in_use = true;
            link_->run = this;
        }
        return next;
    });
}

Suspension AsyncRun::poll(bool ready) noexcept {
    return step([this, ready](LockState&) { return engine_->poll(ready); });
}

Suspension AsyncRun::cancel() noexcept {
    return step([this](LockState&) { return engine_->cancel(); });
}

void AsyncRun::abandon() noexcept {
    if (leave_to_parent()) {
        return;
    }
    target_->forget();
    const std::lock_guard guard(link_->mutex);
    if (!done_) {
        give_up();
    }
}

void AsyncRun::lock_is_gone() noexcept {
    give_up();
    target_->wake();
}

void AsyncRun::give_up() noexcept {
    const bool in_doubt = engine_ != nullptr && (engine_->is_sending() || operation_->may_hold());
    engine_.reset();
    if (in_doubt) {
        operation_->abandon();
    }
    error_ = make_error_code(errc::cancelled);
    finish();
}

// True in a forked child: the connection is the parent's, the threads are, and a mutex may have
// been locked at the fork. So nothing is ended, and the memory is left.
bool AsyncRun::leave_to_parent() noexcept {
    if (current_process() == process_) {
        return false;
    }
    (void)engine_.release();
    (void)operation_.release();
    error_ = make_error_code(errc::wrong_process);
    done_ = true;
    return true;
}

void AsyncRun::finish() noexcept {
    engine_.reset();
    operation_.reset();
    if (link_->run == this) {
        link_->lock->record().in_use = false;
        link_->run = nullptr;
    }
    done_ = true;
}

// In a forked child, where the mutex may be locked for ever, there is one thread.
std::unique_lock<std::mutex> AsyncRun::lock_result() const {
    return current_process() == process_ ? std::unique_lock(link_->mutex)
                                         : std::unique_lock<std::mutex>();
}

bool AsyncRun::held() const noexcept {
    const auto guard = lock_result();
    return held_;
}

std::error_code AsyncRun::error() const noexcept {
    const auto guard = lock_result();
    return error_;
}

}  // namespace dlock::detail
