// The end of a connection as its socket tells it, without reading from it. POSIX.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <vector>

namespace dlock::detail {

/// Waits for the ends of many connections at once.
///
/// Thread safety: wake() may be called from any thread, wait() by one at a time.
class HangupPoll {
  public:
    struct Entry {
        int descriptor = -1;
        /// Set by wait(): the peer has ended the connection, or it is broken.
        bool hung_up = false;
    };

    HangupPoll();
    HangupPoll(const HangupPoll&) = delete;
    HangupPoll& operator=(const HangupPoll&) = delete;
    ~HangupPoll();

    /// Until one has ended, wake() was called, or the time is over.
    void wait(std::vector<Entry>& entries, std::chrono::steady_clock::time_point until);
    void wake() noexcept;

  private:
    struct Buffer;

    int wake_[2] = {-1, -1};
    std::unique_ptr<Buffer> buffer_;
};

}  // namespace dlock::detail
