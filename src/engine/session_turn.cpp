// SPDX-License-Identifier: BSL-1.0
#include "engine/session_turn.hpp"

namespace dlock::detail {

bool SessionTurn::lock_unless(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!may_enter() && !free_.wait(lock, stop, [this] { return may_enter(); })) {
        return false;
    }
    enter();
    return true;
}

bool SessionTurn::try_lock() {
    const std::lock_guard lock(mutex_);
    if (!may_enter()) {
        return false;
    }
    enter();
    return true;
}

void SessionTurn::enter() {
    owner_ = std::this_thread::get_id();
    ++depth_;
}

void SessionTurn::unlock() {
    {
        const std::lock_guard lock(mutex_);
        if (--depth_ > 0) {
            return;
        }
    }
    free_.notify_one();
}

}  // namespace dlock::detail
