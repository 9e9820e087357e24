// SPDX-License-Identifier: BSL-1.0
#include "threads/blocking_pool.hpp"

#include "process.hpp"
#include "threads/blocked_signals.hpp"

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace dlock::detail {
namespace {

struct Pools {
    BlockingPool waits;
    BlockingPool answers;
    BlockingPool cancels{1024};
    BlockingPool stops{1024};
    BlockingPool probes{1024};
    BlockingPool telling{1024};
};

}  // namespace

BlockingPool& BlockingPool::for_waits() {
    return one_per_process<Pools>().waits;
}

BlockingPool& BlockingPool::for_answers() {
    return one_per_process<Pools>().answers;
}

BlockingPool& BlockingPool::for_cancels() {
    return one_per_process<Pools>().cancels;
}

BlockingPool& BlockingPool::for_stops() {
    return one_per_process<Pools>().stops;
}

BlockingPool& BlockingPool::for_probes() {
    return one_per_process<Pools>().probes;
}

BlockingPool& BlockingPool::for_telling() {
    return one_per_process<Pools>().telling;
}

void BlockingPool::run(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() <= idle_) {
        changed_.notify_one();
        return;
    }
    const bool added = threads_ < limit_ && add_thread();
    if (!added && (threads_ == 0 || jobs_may_hang_)) {
        jobs_.pop_back();
        throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    }
}

// False if there is none to be had. The caller has locked the mutex.
bool BlockingPool::add_thread() {
    try {
        const BlockedSignals blocked;
        // The pool is never destroyed, and the threads need not be waited for.
        std::thread([this] { work(); }).detach();
    } catch (const std::system_error&) {
        return false;
    }
    ++threads_;
    return true;
}

void BlockingPool::work() {
    constexpr std::chrono::seconds patience{10};
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        const bool found = changed_.wait_for(lock, patience, [this] { return !jobs_.empty(); });
        --idle_;
        if (!found) {
            --threads_;
            return;
        }
        {
            const std::function<void()> job = std::exchange(jobs_.front(), nullptr);
            jobs_.pop_front();
            lock.unlock();
            job();
        }
        lock.lock();
    }
}

}  // namespace dlock::detail
