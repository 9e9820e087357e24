// SPDX-License-Identifier: BSL-1.0
#include "loss/loss_watcher.hpp"

#include "process.hpp"
#include "threads/blocked_signals.hpp"

#include <algorithm>
#include <chrono>
#include <new>

namespace dlock::detail {
LossWatcher::LossWatcher() : target_(std::make_shared<WakeTarget>(static_cast<Waker&>(*this))) {}

LossWatcher& LossWatcher::instance() {
    return one_per_process<LossWatcher>();
}

void LossWatcher::start() {
    const std::lock_guard lock(mutex_);
    if (thread_ != std::thread::id()) {
        return;
    }
    const BlockedSignals blocked;
    // The watcher is never destroyed, and the thread need not be waited for.
    std::thread thread([this] { run(); });
    thread_ = thread.get_id();
    thread.detach();
}

void LossWatcher::add(Node& node) noexcept {
    {
        const std::lock_guard lock(mutex_);
        watches_.splice(watches_.end(), node);
    }
    wake();
}

void LossWatcher::remove(LossWatch& watch) noexcept {
    // First: the thread may have surveyed it already, and comes to it later.
    (void)watch.pause();
    {
        std::unique_lock lock(mutex_);
        watches_.remove_if([&watch](const auto& each) { return each.get() == &watch; });
        if (std::this_thread::get_id() != thread_) {
            looked_.wait(lock, [this, &watch] { return looked_at_ != &watch; });
        }
    }
    wake();  // so that its socket is let go
}

void LossWatcher::end_connection(std::uint64_t socket) {
    const std::lock_guard lock(mutex_);
    for (const auto& watch : watches_) {
        if (number_of_socket(watch->descriptor()) == socket) {
            shut_down(watch->descriptor());
        }
    }
}

void LossWatcher::run() noexcept {
    while (true) {
        try {
            poll_.wait(entries_, survey());
        } catch (const std::bad_alloc&) {
            surveyed_.clear();
            entries_.clear();
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            look_at(*surveyed_[i], entries_[i].hung_up);
        }
    }
}

// Returns when the next watch is to be looked at.
LossWatch::Clock::time_point LossWatcher::survey() {
    auto next = LossWatch::Clock::time_point::max();
    surveyed_.clear();
    entries_.clear();
    const std::lock_guard lock(mutex_);
    surveyed_.assign(watches_.begin(), watches_.end());
    for (const auto& watch : surveyed_) {
        entries_.push_back({.descriptor = watch->descriptor()});
        next = std::min(next, watch->look_at());
    }
    return next;
}

void LossWatcher::look_at(LossWatch& watch, bool hung_up) noexcept {
    {
        const std::lock_guard lock(mutex_);
        looked_at_ = &watch;
    }
    if (hung_up) {
        watch.hang_up(target_);
    }
    watch.look(LossWatch::Clock::now(), target_);
    {
        const std::lock_guard lock(mutex_);
        looked_at_ = nullptr;
    }
    looked_.notify_all();
}

}  // namespace dlock::detail
