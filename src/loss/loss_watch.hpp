// One hold that is watched for its loss.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "async/blocking_work.hpp"
#include "loss/socket.hpp"

#include <dlock/error.hpp>
#include <dlock/options.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

namespace dlock::detail {

/// What a session said when it was asked whether it holds a lock.
enum class Held {
    yes,
    no,
    /// It could not be asked.
    unknown,
};

using LossHandler = std::function<void(const LockError&)>;

/// Tells once, and only while the hold lasts, that it is lost: to its stop token, then to its
/// handler. It is made before the hold, so that nothing can fail once the lock is granted.
///
/// Thread safety: functions may be called from any thread, those of the watcher by it alone.
class LossWatch {
  public:
    using Clock = std::chrono::steady_clock;

    /// `socket`: -1 for none. `interval`: within it the server must have said that the lock is
    /// held; unset, it is not asked. `probe` asks it, on a thread that may block. `error` is what
    /// the handler gets.
    LossWatch(int socket, std::optional<Duration> interval, std::function<Held()> probe,
              const LockError& error);

    [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }
    [[nodiscard]] bool lost() const noexcept { return state_ == State::lost; }
    /// The session did not answer: nobody knows what it holds.
    [[nodiscard]] bool silent() const noexcept { return silent_; }

    /// Replaces the handler; if the loss has been told already, `handler` is called at once.
    void set_handler(LossHandler handler);

    /// The lock is about to be given back: a loss is not told until resume(). False if it is lost.
    [[nodiscard]] bool pause() noexcept;
    /// It was not given back.
    void resume() noexcept;
    /// An operation has found that the lock is lost. Tells it.
    void lose() noexcept;
    /// The hold is over: nothing is told any more. Waits for a probe that is under way.
    void end() noexcept;

    // ---- By the watcher. ----

    /// The descriptor to be watched; -1 if there is none, or its end was noticed.
    [[nodiscard]] int descriptor() const noexcept;
    /// The connection has ended.
    void hang_up() noexcept;
    /// Looks after the probes: begins one, takes its result, or runs out of patience.
    void look(Clock::time_point now, const std::shared_ptr<WakeTarget>& target) noexcept;
    /// When look() has something to do, at the latest.
    [[nodiscard]] Clock::time_point look_at() const noexcept;

  private:
    enum class State { watching, paused, lost, ended };

    static constexpr Clock::time_point not_asked = Clock::time_point::max();

    struct Answer {
        std::atomic<Clock::time_point> asked_at{not_asked};
        std::atomic<Held> held{Held::unknown};
    };

    void tell_if(State from) noexcept;
    void begin_probe(Clock::time_point now, const std::shared_ptr<WakeTarget>& target);

    const Socket socket_;
    /// Between two questions, and for an answer.
    const std::optional<Duration> patience_;
    const std::function<Held()> probe_;
    const LockError error_;
    std::stop_source source_;

    std::atomic<State> state_{State::watching};
    std::atomic<bool> hung_up_{false};
    std::atomic<bool> silent_{false};

    std::mutex mutex_;
    LossHandler handler_;
    bool told_ = false;
    bool ended_ = false;
    std::shared_ptr<BlockingWork> work_;

    // The watcher's own.
    std::shared_ptr<Answer> answer_;
    Clock::time_point look_at_ = Clock::time_point::min();
};

}  // namespace dlock::detail
