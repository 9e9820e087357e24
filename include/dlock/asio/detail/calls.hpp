// The operations under way in an execution context.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace dlock::detail {

/// One operation as its execution context sees it.
class SuspendedCall {
  public:
    /// The context is being destroyed: ends the operation, whose handler is never called.
    virtual void shut_down() noexcept = 0;

  protected:
    SuspendedCall() = default;
    SuspendedCall(const SuspendedCall&) = delete;
    SuspendedCall& operator=(const SuspendedCall&) = delete;
    ~SuspendedCall() = default;
};

/// Keeps operations alive while they wait for something that Asio does not know of, and ends them
/// before the context is destroyed.
///
/// Thread safety: all functions may be called from any thread.
class SuspendedCalls : public boost::asio::execution_context::service {
  public:
    using key_type = SuspendedCalls;
    static inline boost::asio::execution_context::id id;

    explicit SuspendedCalls(boost::asio::execution_context& context)
        : boost::asio::execution_context::service(context) {}

    void add(const std::shared_ptr<SuspendedCall>& call) {
        const std::lock_guard lock(mutex_);
        calls_.emplace(call.get(), call);
    }

    void remove(SuspendedCall& call) noexcept {
        std::shared_ptr<SuspendedCall> last;  // released when the mutex is free
        const std::lock_guard lock(mutex_);
        const auto found = calls_.find(&call);
        if (found != calls_.end()) {
            last = std::move(found->second);
            calls_.erase(found);
        }
    }

  private:
    void shutdown() override {
        decltype(calls_) ending;
        {
            const std::lock_guard lock(mutex_);
            ending.swap(calls_);
        }
        for (const auto& [address, call] : ending) {
            call->shut_down();
        }
    }

    std::mutex mutex_;
    std::unordered_map<SuspendedCall*, std::shared_ptr<SuspendedCall>> calls_;
};

}  // namespace dlock::detail
