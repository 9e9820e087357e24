// SPDX-License-Identifier: BSL-1.0
#include "waiters.hpp"

#include <dlock/asio.hpp>

namespace dlock_bench {

BlockingWaiters::BlockingWaiters(const Sessions& sessions, const Keys& keys,
                                 const dlock::LockOptions& options) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        threads_.emplace_back([this, &session = *sessions[i], &key = keys[i], options] {
            const auto lock = dlock::create_lock(session, key, options);
            std::error_code error;
            const bool held = lock->acquire(dlock::forever, error);
            if (held) {
                lock->release(error);
            }
            count(held && !error);
        });
    }
}

Clock::time_point BlockingWaiters::wait_for_end() {
    threads_.clear();
    return last();
}

AsyncWaiters::AsyncWaiters(const Sessions& sessions, const Keys& keys,
                           const dlock::LockOptions& options) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        locks_.push_back(dlock::create_lock(*sessions[i], keys[i], options));
    }
    thread_ = std::jthread([this] {
        for (const auto& lock : locks_) {
            begin(*lock);
        }
        context_.run();
    });
}

Clock::time_point AsyncWaiters::wait_for_end() {
    thread_.join();
    return last();
}

void AsyncWaiters::begin(dlock::BaseLock& lock) {
    dlock::async_acquire(context_.get_executor(), lock, dlock::forever,
                         [this, &lock](boost::system::error_code failed, bool held) {
                             if (failed || !held) {
                                 count(false);
                                 return;
                             }
                             dlock::async_release(
                                 context_.get_executor(), lock,
                                 [this](boost::system::error_code error) { count(!error); });
                         });
}

}  // namespace dlock_bench
