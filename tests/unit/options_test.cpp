// Options as callers write them, and the shape of the lock that they make.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <concepts>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <type_traits>

// The standard's lock types, with all their member functions.
template class std::lock_guard<dlock::BaseLock>;
template class std::unique_lock<dlock::BaseLock>;
template class std::shared_lock<dlock::BaseLock>;
template class std::scoped_lock<dlock::BaseLock>;
template class std::scoped_lock<dlock::BaseLock, dlock::BaseLock>;

namespace dlock {
namespace {

using namespace std::chrono_literals;

// A lock is a place, not a value.
static_assert(!std::copyable<BaseLock> && !std::movable<BaseLock>);
static_assert(!std::is_copy_constructible_v<BaseLock> && !std::is_move_constructible_v<BaseLock>);
static_assert(!std::is_copy_assignable_v<BaseLock> && !std::is_move_assignable_v<BaseLock>);
static_assert(!std::is_copy_constructible_v<ScopedLock> &&
              !std::is_move_constructible_v<ScopedLock>);
static_assert(!std::is_default_constructible_v<BaseLock>);
static_assert(std::is_nothrow_destructible_v<BaseLock> &&
              std::is_nothrow_destructible_v<ScopedLock>);

// What the standard asks of a lock, and what this library promises beside it.
template <class T>
concept TimedLockable = requires(T lock, std::chrono::milliseconds time,
                                 std::chrono::system_clock::time_point point) {
    { lock.lock() } -> std::same_as<void>;
    { lock.try_lock() } -> std::same_as<bool>;
    { lock.try_lock_for(time) } -> std::same_as<bool>;
    { lock.try_lock_until(point) } -> std::same_as<bool>;
    { lock.unlock() }
    noexcept->std::same_as<void>;
};
template <class T>
concept SharedTimedLockable = requires(T lock, std::chrono::milliseconds time,
                                       std::chrono::steady_clock::time_point point) {
    { lock.lock_shared() } -> std::same_as<void>;
    { lock.try_lock_shared() } -> std::same_as<bool>;
    { lock.try_lock_shared_for(time) } -> std::same_as<bool>;
    { lock.try_lock_shared_until(point) } -> std::same_as<bool>;
    { lock.unlock_shared() }
    noexcept->std::same_as<void>;
};
static_assert(TimedLockable<BaseLock> && SharedTimedLockable<BaseLock>);

// The twins with an error code do not throw.
template <class T>
concept HasTwins = requires(T lock, std::error_code error, std::stop_token stop) {
    { lock.acquire(forever, stop, error) }
    noexcept->std::same_as<bool>;
    { lock.acquire(forever, error) }
    noexcept->std::same_as<bool>;
    { lock.acquire_shared(no_wait, stop, error) }
    noexcept->std::same_as<bool>;
    { lock.release(error) }
    noexcept;
    { lock.close(error) }
    noexcept;
    { lock.verify(error) }
    noexcept->std::same_as<bool>;
};
static_assert(HasTwins<BaseLock>);

// ---- Options. ----

TEST(Options, the_defaults_are_the_safe_ones) {
    const LockOptions options;
    EXPECT_FALSE(options.shared);
    EXPECT_FALSE(options.xact);
    EXPECT_FALSE(options.mode.has_value());
    EXPECT_FALSE(options.timeout.has_value());
    EXPECT_FALSE(options.converter);
    EXPECT_EQ(options.wait, WaitStrategy::server);
    EXPECT_EQ(options.poll_interval, 50ms);
    EXPECT_GE(options.poll_jitter, 0.0);
    EXPECT_LE(options.poll_jitter, 1.0);
    EXPECT_EQ(options.slice, 10s);
    EXPECT_EQ(options.reentrancy, Reentrancy::refused);
    EXPECT_EQ(options.pooler, Pooler::refused);
    EXPECT_FALSE(options.allow_stale_snapshot);
    EXPECT_FALSE(options.db_principal.has_value());
    EXPECT_FALSE(options.allocate_unique);
    EXPECT_TRUE(options.local_queue);
    EXPECT_FALSE(options.fencing);
    EXPECT_FALSE(options.helper_session);
    EXPECT_FALSE(options.on_error);
}

TEST(Options, designated_initialisers_set_any_of_them_in_order) {
    const LockOptions one{.shared = true, .timeout = 5s};
    EXPECT_TRUE(one.shared);
    EXPECT_EQ(one.timeout, 5s);

    int errors = 0;
    const LockOptions all{
        .shared = false,
        .xact = true,
        .mode = Mode::update,
        .timeout = std::chrono::milliseconds(250),
        .converter = [](const Key&) { return ActualKey(std::int64_t{1}); },
        .wait = WaitStrategy::polling,
        .poll_interval = 10ms,
        .poll_jitter = 0.25,
        .slice = 1min,
        .reentrancy = Reentrancy::counted,
        .pooler = Pooler::session_mode,
        .allow_stale_snapshot = true,
        .local_queue = false,
        .helper_session = [] { return std::unique_ptr<soci::session>(); },
        .on_error = [&errors](const LockError&) { ++errors; },
    };
    EXPECT_TRUE(all.xact);
    EXPECT_EQ(all.timeout, 250ms);
    EXPECT_EQ(all.converter(Key("any")), ActualKey(std::int64_t{1}));
    EXPECT_EQ(all.slice, 60s);
    all.on_error(LockError(errc::timed_out, "text"));
    EXPECT_EQ(errors, 1);
}

TEST(Options, the_mode_is_exclusive_unless_asked_for) {
    const struct {
        LockOptions options;
        Mode mode;
    } cases[] = {
        {{}, Mode::exclusive},
        {{.shared = true}, Mode::shared},
        {{.shared = true, .mode = Mode::shared}, Mode::shared},
        {{.mode = Mode::shared}, Mode::shared},
        {{.mode = Mode::exclusive}, Mode::exclusive},
        {{.mode = Mode::intent_exclusive}, Mode::intent_exclusive},
    };
    for (const auto& [options, mode] : cases) {
        EXPECT_EQ(options.effective_mode(), mode);
    }
}

TEST(Options, a_set_of_modes_has_what_it_was_made_of) {
    constexpr ModeSet modes{Mode::exclusive, Mode::null};
    static_assert(modes.contains(Mode::exclusive) && modes.contains(Mode::null));
    static_assert(!modes.contains(Mode::shared) && !modes.contains(Mode::update));
    static_assert(!ModeSet{}.contains(Mode::exclusive));
}

}  // namespace
}  // namespace dlock
