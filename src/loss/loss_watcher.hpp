// The thread that watches all holds of the process.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "loss/hangup.hpp"
#include "loss/loss_watch.hpp"
#include "threads/wake_target.hpp"

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace dlock::detail {

/// Watches holds on one thread, which is started when it is first needed and stays.
///
/// Thread safety: all functions may be called from any thread.
class LossWatcher final : private Waker {
  public:
    /// One watch, added without a need for memory.
    using Node = std::list<std::shared_ptr<LossWatch>>;

    LossWatcher();
    LossWatcher(const LossWatcher&) = delete;
    LossWatcher& operator=(const LossWatcher&) = delete;
    virtual ~LossWatcher() = default;

    [[nodiscard]] static LossWatcher& instance();

    /// Throws std::system_error if there is no thread to be had.
    void start();
    /// Begins to watch. Preconditions: start() was called; `node` has one element, which it loses.
    void add(Node& node) noexcept;
    /// Ends it: what the watcher finds is not told any more. A look that is under way is waited
    /// for, unless this is the watcher's thread.
    void remove(LossWatch& watch) noexcept;
    /// Ends the connection with this number_of_socket() for all who watch it, and for the server.
    void end_connection(std::uint64_t socket);

  private:
    void wake() noexcept override { poll_.wake(); }
    [[noreturn]] void run() noexcept;
    LossWatch::Clock::time_point survey();
    void look_at(LossWatch& watch, bool hung_up) noexcept;

    HangupPoll poll_;
    std::shared_ptr<WakeTarget> target_;

    std::mutex mutex_;
    std::condition_variable looked_;
    Node watches_;
    std::thread::id thread_;
    const LossWatch* looked_at_ = nullptr;

    // The thread's own.
    std::vector<std::shared_ptr<LossWatch>> surveyed_;
    std::vector<HangupPoll::Entry> entries_;
};

}  // namespace dlock::detail
