// Whose turn it is to use a session.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace dlock::detail {

/// A mutex that a thread which has it may lock again (a converter of keys may ask the session
/// something), and for which nobody waits once a stop is requested.
class SessionTurn {
  public:
    void lock() { (void)lock_unless({}); }
    /// False if a stop was requested before it was free.
    [[nodiscard]] bool lock_unless(const std::stop_token& stop);
    [[nodiscard]] bool try_lock();
    void unlock();

  private:
    [[nodiscard]] bool may_enter() const {
        return depth_ == 0 || owner_ == std::this_thread::get_id();
    }
    void enter();

    std::mutex mutex_;
    std::condition_variable_any free_;
    std::thread::id owner_;
    unsigned depth_ = 0;
};

}  // namespace dlock::detail
