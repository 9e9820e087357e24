// Many waiters on sessions of their own: a thread each, or all in one thread.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "statistics.hpp"

#include <dlock/dlock.hpp>

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace dlock_bench {

using Sessions = std::vector<std::unique_ptr<soci::session>>;
using Keys = std::vector<std::string>;

/// Waiters that begin when made; each takes its lock and gives it back once. The i-th waits on the
/// i-th session for the i-th key.
class Waiters {
  public:
    virtual ~Waiters() = default;
    Waiters() = default;
    Waiters(const Waiters&) = delete;
    Waiters& operator=(const Waiters&) = delete;

    /// Waits until all are through; returns when the last one was.
    [[nodiscard]] virtual Clock::time_point wait_for_end() = 0;

    /// Those that have got their lock and given it back so far.
    [[nodiscard]] int served() const { return served_; }

  protected:
    void count(bool ok) {
        served_ += ok ? 1 : 0;
        last_ = Clock::now().time_since_epoch().count();
    }
    [[nodiscard]] Clock::time_point last() const {
        return Clock::time_point(Clock::duration(last_.load()));
    }

  private:
    std::atomic<int> served_{0};
    std::atomic<Clock::rep> last_{0};
};

/// A thread each, which blocks.
class BlockingWaiters final : public Waiters {
  public:
    BlockingWaiters(const Sessions& sessions, const Keys& keys, const dlock::LockOptions& options);

    [[nodiscard]] Clock::time_point wait_for_end() override;

  private:
    std::vector<std::jthread> threads_;
};

/// All in one thread.
class AsyncWaiters final : public Waiters {
  public:
    AsyncWaiters(const Sessions& sessions, const Keys& keys, const dlock::LockOptions& options);

    [[nodiscard]] Clock::time_point wait_for_end() override;

  private:
    void begin(dlock::BaseLock& lock);

    std::vector<std::unique_ptr<dlock::BaseLock>> locks_;
    boost::asio::io_context context_{1};
    std::jthread thread_;
};

}  // namespace dlock_bench
