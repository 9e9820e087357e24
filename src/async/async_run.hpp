// One asynchronous operation together with its lock, either of which may end first.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "async/async_engine.hpp"
#include "async/async_link.hpp"
#include "threads/wake_target.hpp"

#include <dlock/detail/async_operation.hpp>

#include <memory>
#include <mutex>
#include <system_error>

namespace dlock::detail {

/// AsyncOperation behind its pointer. Functions are documented there.
class AsyncRun {
  public:
    AsyncRun(std::shared_ptr<AsyncLink> link, const AsyncCall& call, Waker& waker);
    AsyncRun(const AsyncRun&) = delete;
    AsyncRun& operator=(const AsyncRun&) = delete;
    ~AsyncRun();

    [[nodiscard]] Suspension start() noexcept;
    [[nodiscard]] Suspension poll(bool ready) noexcept;
    [[nodiscard]] Suspension cancel() noexcept;
    void abandon() noexcept;

    /// As abandon(), by the lock's destructor, which has locked the link.
    void lock_is_gone() noexcept;

    [[nodiscard]] bool held() const noexcept;
    [[nodiscard]] std::error_code error() const noexcept;

  private:
    [[nodiscard]] std::unique_ptr<Operation> make_operation(LockState& lock) const;
    template <class Function>
    Suspension step(Function function) noexcept;
    void finish() noexcept;
    void give_up() noexcept;
    bool leave_to_parent() noexcept;
    [[nodiscard]] std::unique_lock<std::mutex> lock_result() const;

    std::shared_ptr<AsyncLink> link_;
    AsyncCall call_;
    std::shared_ptr<WakeTarget> target_;
    std::unique_ptr<Operation> operation_;
    std::unique_ptr<AsyncEngine> engine_;
    long process_;
    bool done_ = false;
    bool held_ = false;
    std::error_code error_;
};

}  // namespace dlock::detail
