// SPDX-License-Identifier: BSL-1.0
#include "async/async_run.hpp"
#include "lock_state.hpp"

#include <dlock/detail/async_operation.hpp>

namespace dlock::detail {

AsyncOperation::AsyncOperation(BaseLock& lock, const AsyncCall& call, Waker& waker)
    : run_(std::make_unique<AsyncRun>(lock.state_->async_link(), call, waker)) {}

AsyncOperation::~AsyncOperation() = default;

Suspension AsyncOperation::start() noexcept {
    return run_->start();
}

Suspension AsyncOperation::poll(bool ready) noexcept {
    return run_->poll(ready);
}

Suspension AsyncOperation::cancel() noexcept {
    return run_->cancel();
}

void AsyncOperation::abandon() noexcept {
    run_->abandon();
}

bool AsyncOperation::held() const noexcept {
    return run_->held();
}

std::error_code AsyncOperation::error() const noexcept {
    return run_->error();
}

}  // namespace dlock::detail
