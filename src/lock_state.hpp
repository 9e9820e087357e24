// The state of one lock, and the operations on it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "async/async_link.hpp"
#include "engine/dialect.hpp"
#include "engine/driver.hpp"
#include "engine/holds.hpp"
#include "loss/loss_watcher.hpp"

#include <dlock/base_lock.hpp>

#include <soci/soci.h>

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace dlock::detail {

/// What the factory puts a lock together from.
struct LockParts {
    Key key;
    ActualKey actual_key;
    LockOptions options;
    Capabilities capabilities;
    std::unique_ptr<Driver> driver;
    std::unique_ptr<Dialect> dialect;
};

/// The session that a lock leased from a pool; gives it back clean.
class Lease {
  public:
    explicit Lease(soci::connection_pool& pool) : session_(pool) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    [[nodiscard]] soci::session& session() noexcept { return session_; }

    /// The session may hold something that nobody gives back: it is reconnected before it returns.
    void spoil() noexcept { spoilt_ = true; }

  private:
    soci::session session_;
    bool spoilt_ = false;
};

/// BaseLock behind its pointer: the state of the lock, which the operations read and change.
/// Functions are documented at BaseLock; those here throw LockError.
class LockState {
    using State = BaseLock::State;

  public:
    explicit LockState(LockParts parts, std::unique_ptr<Lease> lease = nullptr);
    LockState(const LockState&) = delete;
    LockState& operator=(const LockState&) = delete;
    ~LockState();

    [[nodiscard]] bool acquire(Mode mode, const Wait& wait, const std::stop_token& stop);
    void release();
    void close();
    void unlock() noexcept;
    [[nodiscard]] bool verify();

    /// True if close() has something to do.
    [[nodiscard]] bool has_to_close() const noexcept {
        return state_ != State::unlocked && !(state_ == State::locked && parts_.options.xact);
    }

    // For asynchronous operations.
    [[nodiscard]] const std::shared_ptr<AsyncLink>& async_link();
    [[nodiscard]] SessionRecord& record() noexcept { return *record_; }
    /// The error becomes last_error().
    void note(const LockError& error);

    void on_lost(LossHandler handler);
    [[nodiscard]] std::stop_token lost_token();

    [[nodiscard]] bool locked() const noexcept;
    [[nodiscard]] BaseLock::State state() const noexcept;
    [[nodiscard]] std::optional<std::int64_t> fencing_token() const noexcept {
        return state_ == State::unlocked ? std::nullopt : token_;
    }
    [[nodiscard]] const LockParts& parts() const noexcept { return parts_; }
    [[nodiscard]] const std::optional<LockError>& last_error() const noexcept {
        return last_error_;
    }

  private:
    /// Keeps probes from the session while an operation uses it.
    class SessionUse {
      public:
        /// Throws `cancelled` if a stop is requested while it waits.
        explicit SessionUse(LockState& lock, const std::stop_token& stop = {});

      private:
        std::unique_lock<SessionTurn> use_;
    };

    friend class AcquireOperation;
    friend class ReleaseOperation;
    friend class VerifyOperation;

    [[nodiscard]] bool in_this_process() const noexcept;
    void check_usable() const;
    void check_process(const char* advice) const;
    void check_idle() const;
    [[nodiscard]] bool same_session() const noexcept;
    [[nodiscard]] bool transaction_ended() const noexcept;
    [[nodiscard]] bool reenter(Mode mode);
    [[nodiscard]] bool hold_is_gone() const noexcept;
    bool forget_ended_transaction(TransactionState before);
    void lose(State state) noexcept;
    void end_lost_connection() noexcept;
    /// Ends a hold that was found lost, and throws what was found.
    [[noreturn]] void end_lost_hold();
    void forget_hold() noexcept;
    void end_hold() noexcept;

    [[nodiscard]] LockError loss() const;
    [[nodiscard]] bool has_real_time() const noexcept;
    void check_watchable() const;
    void prepare_watch();
    void make_watch();
    void watch_held_lock();
    void begin_watch() noexcept;
    void end_watch() noexcept;
    void notice_loss() noexcept;
    [[nodiscard]] Held probe() noexcept;
    void spoil_lease() noexcept;
    [[noreturn]] void fail(errc error, const char* advice, bool native = false,
                           bool transaction_spoilt = false) const;
    [[noreturn]] void fail_with(const NativeError& native, errc error, const char* advice,
                                bool transaction_spoilt) const;
    [[noreturn]] void fail_cancelled() const;

    template <class Function>
    auto remember_error(Function function);

    // Before the parts: the driver refers to the leased session.
    std::unique_ptr<Lease> lease_;
    LockParts parts_;
    std::string name_;
    std::shared_ptr<SessionRecord> record_;

    State state_ = State::unlocked;
    Mode mode_ = Mode::exclusive;
    unsigned depth_ = 0;
    std::uint64_t incarnation_ = 0;
    TransactionState taken_in_ = TransactionState::unknown;
    std::shared_ptr<Hold> hold_;
    /// Of the hold that is or was last; outlives it.
    std::optional<std::int64_t> token_;
    std::optional<LockError> last_error_;
    std::shared_ptr<AsyncLink> async_link_;

    LossHandler on_lost_;
    /// Of the present hold; null if it is not watched.
    std::shared_ptr<LossWatch> watch_;
    /// Of the next one.
    LossWatcher::Node prepared_watch_;

    long process_;
};

}  // namespace dlock::detail
