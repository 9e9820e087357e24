// Ctrl-C while the program itself is busy. Linux only: signalfd.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "signals.hpp"

#include <atomic>
#include <stop_token>
#include <thread>

namespace dlock::cli {

/// A thread that takes the signals of Signals::ending() as long as the object lives.
///
/// At first a signal ends the process at once, with exit_signal and its number. That is right where
/// a library blocks and nothing is held, or all that is held ends with the connection. After
/// begin_wait() the first signal requests a stop, and the second ends the process.
class SignalWatcher {
  public:
    explicit SignalWatcher(const Signals& signals);
    ~SignalWatcher();
    SignalWatcher(const SignalWatcher&) = delete;
    SignalWatcher& operator=(const SignalWatcher&) = delete;

    void begin_wait() noexcept { waiting_ = true; }

    [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_.get_token(); }

    /// The signal that requested the stop, 0 if none has up to now.
    [[nodiscard]] int signal() const noexcept { return signal_; }

    /// Takes no more signals: those that come from here on stay for whoever takes them next.
    /// Returns the one that was taken, 0 if none was.
    int finish();

  private:
    void watch();

    int signals_;
    int end_;
    std::atomic<bool> waiting_ = false;
    std::atomic<int> signal_ = 0;
    std::stop_source stop_;
    std::jthread stopper_;
    std::jthread thread_;
};

}  // namespace dlock::cli
