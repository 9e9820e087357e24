// One hold that is watched for its loss.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "loss/socket.hpp"
#include "threads/blocking_work.hpp"

#include <dlock/error.hpp>
#include <dlock/options.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace dlock::detail {

/// What a session said when it was asked whether it holds a lock.
enum class Held {
    yes,
    no,
    /// It gave no answer that tells.
    unknown,
    /// It was not asked: an operation used it.
    not_asked,
};

using LossHandler = std::function<void(const LockError&)>;

/// Calls it if there is one. What it throws is swallowed: there is nobody to report to.
void call(const LossHandler& handler, const LockError& error) noexcept;

/// Tells once, and only while the hold lasts, that it is lost: to its stop token, then to its
/// handler. It is made before the hold, so that nothing can fail once the lock is granted.
///
/// What the watcher finds is told on a thread of its own, since a handler or somebody's stop
/// callback may block; what an operation finds, on the operation's.
///
/// Thread safety: functions may be called from any thread, those of the watcher by it alone.
class LossWatch : public std::enable_shared_from_this<LossWatch> {
  public:
    using Clock = std::chrono::steady_clock;

    /// `socket`: -1 for none. `interval`: within it the server must have said that the lock is
    /// held; unset, it is not asked. `probe` asks it, on a thread that may block. `error` is what
    /// the handler gets.
    LossWatch(int socket, std::optional<Duration> interval, std::function<Held()> probe,
              const LockError& error);

    [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }
    [[nodiscard]] bool lost() const noexcept { return state_ == State::lost; }
    /// The session gave no answer that tells: nobody knows what it holds.
    [[nodiscard]] bool silent() const noexcept { return silent_; }
    /// For an error text. Precondition: lost().
    [[nodiscard]] const char* how() const noexcept;

    /// Replaces the handler; if the loss has been told already, `handler` is called at once.
    void set_handler(LossHandler handler);

    /// The lock is about to be given back: a loss is not told until resume(). False if it is lost.
    [[nodiscard]] bool pause() noexcept;
    /// It was not given back.
    void resume() noexcept;
    /// An operation has found that the lock is lost. Tells it.
    void lose() noexcept;
    /// The hold is over, and the watcher has removed it: nothing is told. Waits for a probe, and
    /// for a handler, that are under way, unless the handler calls this.
    void end() noexcept;
    /// After end(): closes its descriptor, which would keep the connection open.
    void let_go() noexcept { socket_.close(); }

    // ---- By the watcher. ----

    /// The descriptor to be watched; -1 if there is none, or its end was noticed.
    [[nodiscard]] int descriptor() const noexcept;
    /// The connection has ended.
    void hang_up(const std::shared_ptr<WakeTarget>& target) noexcept;
    /// Looks after the probes: begins one, takes its result, or runs out of patience.
    void look(Clock::time_point now, const std::shared_ptr<WakeTarget>& target) noexcept;
    /// When look() has something to do, at the latest.
    [[nodiscard]] Clock::time_point look_at() const noexcept;

  private:
    enum class State { watching, paused, lost, ended };

    [[nodiscard]] bool claim(State from) noexcept;
    void tell() noexcept;
    void tell_elsewhere(const std::shared_ptr<WakeTarget>& target) noexcept;
    [[nodiscard]] bool finds_loss(Clock::time_point now, const std::shared_ptr<WakeTarget>& target);
    void begin_probe(const std::shared_ptr<WakeTarget>& target);

    Socket socket_;
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
    std::shared_ptr<BlockingWork> probing_;
    std::shared_ptr<BlockingWork> telling_;
    std::thread::id teller_;

    // The watcher's own.
    std::shared_ptr<std::atomic<Held>> answer_;
    Clock::time_point look_at_ = Clock::time_point::min();
    /// When the server said last that the lock is held, or could not be asked for an operation.
    Clock::time_point sure_at_{};
    bool had_respite_ = false;
};

}  // namespace dlock::detail
