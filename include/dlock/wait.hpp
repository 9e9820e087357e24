// How long an acquire may wait.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>
#include <dlock/options.hpp>

#include <chrono>
#include <ratio>
#include <type_traits>

namespace dlock {

namespace detail {

/// What fits into a Duration, in whole seconds: 292 years.
inline constexpr long double longest_seconds =
    std::chrono::duration_cast<std::chrono::seconds>(Duration::max()).count();

/// Makes a Duration of any duration: below zero becomes zero, beyond the range becomes
/// Duration::max(). Throws LockError (errc::invalid_option) for a floating-point NaN.
template <class Rep, class Period>
[[nodiscard]] constexpr Duration saturate(std::chrono::duration<Rep, Period> duration) {
    const long double seconds = std::chrono::duration<long double>(duration).count();
    if (seconds != seconds) {
        throw LockError(errc::invalid_option, "the timeout is not a number");
    }
    if (seconds <= 0) {
        return Duration::zero();
    }
    if constexpr (std::chrono::treat_as_floating_point_v<Rep>) {
        // A float near the limit would be rounded beyond it.
        using Wide = std::chrono::duration<std::common_type_t<Rep, double>, Period>;
        return seconds >= longest_seconds ? Duration::max()
                                          : std::chrono::ceil<Duration>(Wide(duration));
    } else if constexpr (std::ratio_divide<Period, std::nano>::den != 1) {
        // Neither a multiple of a nanosecond nor exact anyway; its own arithmetic may overflow.
        using Wide = std::chrono::duration<long double, Period>;
        return seconds >= longest_seconds ? Duration::max()
                                          : std::chrono::ceil<Duration>(Wide(duration));
    } else {
        constexpr auto limit = std::chrono::duration<long double>(Duration::max()).count();
        return seconds >= limit ? Duration::max() : std::chrono::ceil<Duration>(duration);
    }
}

/// The time left until `deadline`, zero if it has passed, Duration::max() if a clock that counts
/// nanoseconds cannot reach it.
template <class Clock, class D>
[[nodiscard]] Duration time_until(const std::chrono::time_point<Clock, D>& deadline) {
    // Compared in floating point first: a coarse deadline may overflow in nanoseconds.
    const long double at = std::chrono::duration<long double>(deadline.time_since_epoch()).count();
    if (at >= longest_seconds) {
        return Duration::max();
    }
    if (at <= -longest_seconds) {
        return Duration::zero();
    }
    const auto now = Clock::now();
    return deadline <= now ? Duration::zero() : saturate(deadline - now);
}

/// The same moment on the steady clock; time_point::max() for no deadline.
template <class Clock, class D>
[[nodiscard]] std::chrono::steady_clock::time_point steady(
    const std::chrono::time_point<Clock, D>& deadline) {
    using Steady = std::chrono::steady_clock;
    const Duration left = time_until(deadline);
    const auto now = Steady::now();
    return left < Steady::time_point::max() - now ? now + left : Steady::time_point::max();
}

}  // namespace detail

/// How long an acquire may wait: `forever`, `no_wait`, or any duration (zero and negative: one
/// try).
class Wait {
  public:
    template <class Rep, class Period>
    constexpr Wait(std::chrono::duration<Rep, Period> duration)
        : limit_(detail::saturate(duration)) {}

    [[nodiscard]] static constexpr Wait without_limit() noexcept { return Wait(true); }
    [[nodiscard]] static constexpr Wait one_try() noexcept { return Wait(false); }

    /// True if there is no limit; durations of 292 years and more count as none.
    [[nodiscard]] constexpr bool is_forever() const noexcept { return limit_ == Duration::max(); }
    [[nodiscard]] constexpr bool is_one_try() const noexcept { return limit_ == Duration::zero(); }
    [[nodiscard]] constexpr Duration limit() const noexcept { return limit_; }

  private:
    constexpr explicit Wait(bool forever) noexcept
        : limit_(forever ? Duration::max() : Duration::zero()) {}

    Duration limit_;
};

/// Waits until the lock is granted.
inline constexpr Wait forever = Wait::without_limit();
/// Tries once and does not wait.
inline constexpr Wait no_wait = Wait::one_try();

}  // namespace dlock
