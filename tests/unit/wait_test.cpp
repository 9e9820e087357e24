// Durations of every kind made into waits: saturated, rounded up, never undefined.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/wait.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

namespace dlock {
namespace {

using namespace std::chrono_literals;
using detail::saturate;
using detail::time_until;

template <class Rep, class Period = std::ratio<1>>
using duration = std::chrono::duration<Rep, Period>;

// ---- Saturation. ----

static_assert(saturate(1ns) == 1ns);
static_assert(saturate(0s) == 0ns);
static_assert(saturate(5s) == 5s);
static_assert(saturate(-1ns) == 0ns);

TEST(Saturate, below_zero_is_zero) {
    EXPECT_EQ(saturate(-1ns), 0ns);
    EXPECT_EQ(saturate(std::chrono::nanoseconds::min()), 0ns);
    EXPECT_EQ(saturate(std::chrono::hours::min()), 0ns);
    EXPECT_EQ(saturate(duration<double>(-0.5)), 0ns);
    EXPECT_EQ(saturate(duration<double>(-std::numeric_limits<double>::infinity())), 0ns);
    EXPECT_EQ(saturate(duration<double>::min()), 0ns);
    EXPECT_EQ(saturate(duration<double>(-0.0)), 0ns);
}

TEST(Saturate, beyond_the_range_is_the_longest) {
    EXPECT_EQ(saturate(std::chrono::hours::max()), Duration::max());
    EXPECT_EQ(saturate(std::chrono::seconds::max()), Duration::max());
    EXPECT_EQ(saturate(std::chrono::nanoseconds::max()), Duration::max());
    EXPECT_EQ(saturate(std::chrono::years(293)), Duration::max());
    EXPECT_EQ(saturate(duration<std::uint64_t, std::nano>::max()), Duration::max());
    EXPECT_EQ(saturate(duration<double>(1e300)), Duration::max());
    EXPECT_EQ(saturate(duration<double>::max()), Duration::max());
    EXPECT_EQ(saturate(duration<float>(std::numeric_limits<float>::infinity())), Duration::max());
    EXPECT_EQ(saturate(duration<long double>(1e4000L)), Duration::max());
}

TEST(Saturate, whole_numbers_within_the_range_are_exact) {
    EXPECT_EQ(saturate(std::chrono::nanoseconds::max() - 1ns), Duration::max() - 1ns);
    EXPECT_EQ(saturate(123456789012345678ns), 123456789012345678ns);
    EXPECT_EQ(saturate(std::chrono::years(200)), Duration(std::chrono::years(200)));
    EXPECT_EQ(saturate(9223372036s), 9223372036s);
    EXPECT_EQ(saturate(duration<unsigned char>(255)), 255s);
    EXPECT_EQ(saturate(duration<std::uint64_t, std::nano>(7)), 7ns);
}

TEST(Saturate, fractions_are_rounded_up_so_that_nothing_ends_early) {
    EXPECT_EQ(saturate(duration<std::int64_t, std::pico>(1)), 1ns);
    EXPECT_EQ(saturate(duration<std::int64_t, std::pico>(1001)), 2ns);
    EXPECT_EQ(saturate(duration<std::int64_t, std::atto>::max()), 9223372037ns);
    EXPECT_EQ(saturate(duration<double, std::nano>(0.1)), 1ns);
    EXPECT_EQ(saturate(duration<double, std::nano>(1.5)), 2ns);
    EXPECT_EQ(saturate(duration<int, std::ratio<1, 3>>(1)), 333333334ns);
}

TEST(Saturate, floating_durations_are_taken) {
    EXPECT_EQ(saturate(duration<double>(0.25)), 250ms);
    EXPECT_EQ(saturate(duration<float>(1.5F)), 1500ms);
    EXPECT_EQ(saturate(duration<double, std::milli>(0.001)), 1us);
    EXPECT_GT(saturate(duration<double>(std::numeric_limits<double>::denorm_min())), 0ns);
}

// The whole neighbourhood of the limit, in every floating type: never negative, never short.
template <class Rep>
void walk_along_the_limit() {
    const Rep limit = static_cast<Rep>(9223372036.854775807L);
    Rep seconds = limit;
    for (int i = 0; i < 50; ++i) {
        seconds = std::nextafter(seconds, Rep(0));
    }
    for (int i = 0; i < 100; ++i) {
        const Duration result = saturate(duration<Rep>(seconds));
        ASSERT_GT(result, std::chrono::years(291)) << static_cast<long double>(seconds);
        seconds = std::nextafter(seconds, std::numeric_limits<Rep>::max());
    }
}

TEST(Saturate, floating_durations_near_the_limit_do_not_overflow) {
    walk_along_the_limit<float>();
    walk_along_the_limit<double>();
    walk_along_the_limit<long double>();
}

TEST(Saturate, odd_periods_do_not_overflow) {
    using Sixtieths = duration<long long, std::ratio<1, 60>>;
    EXPECT_EQ(saturate(Sixtieths(120)), 2s);
    EXPECT_GT(saturate(Sixtieths(400000000000)), std::chrono::years(200));
    EXPECT_EQ(saturate(Sixtieths::max()), Duration::max());
}

TEST(Saturate, not_a_number_is_refused) {
    for (const double value :
         {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::quiet_NaN()}) {
        try {
            (void)saturate(duration<double>(value));
            FAIL() << "no error";
        } catch (const LockError& error) {
            EXPECT_EQ(error.which(), errc::invalid_option);
        }
    }
    EXPECT_THROW((void)Wait(duration<float>(std::nanf(""))), LockError);
}

// ---- Waits. ----

TEST(WaitTest, forever_and_no_wait_are_what_they_say) {
    static_assert(forever.is_forever() && !forever.is_one_try());
    static_assert(no_wait.is_one_try() && !no_wait.is_forever());
    EXPECT_EQ(forever.limit(), Duration::max());
    EXPECT_EQ(no_wait.limit(), Duration::zero());
}

TEST(WaitTest, every_duration_is_a_wait) {
    static_assert(std::is_convertible_v<std::chrono::hours, Wait>);
    static_assert(std::is_convertible_v<duration<double>, Wait>);
    static_assert(Wait(5s).limit() == 5s);
    EXPECT_TRUE(Wait(0s).is_one_try());
    EXPECT_TRUE(Wait(-1s).is_one_try());
    EXPECT_TRUE(Wait(std::chrono::nanoseconds::min()).is_one_try());
    EXPECT_FALSE(Wait(1ns).is_one_try());
    EXPECT_FALSE(Wait(1ns).is_forever());
    EXPECT_TRUE(Wait(std::chrono::hours::max()).is_forever());
    EXPECT_TRUE(Wait(Duration::max()).is_forever());
    EXPECT_FALSE(Wait(Duration::max() - 1ns).is_forever());
}

// ---- Deadlines. ----

template <class Clock>
void try_deadlines_of() {
    using Point = typename Clock::time_point;
    EXPECT_EQ(time_until(Point::min()), 0ns);
    EXPECT_EQ(time_until(Point{}), 0ns);
    EXPECT_EQ(time_until(Clock::now() - 1h), 0ns);
    EXPECT_GT(time_until(Point::max()), std::chrono::years(200));
    const Duration hour = time_until(Clock::now() + 1h);
    EXPECT_GT(hour, 30min);
    EXPECT_LE(hour, 1h);
}

TEST(TimeUntil, past_and_future_of_both_clocks) {
    try_deadlines_of<std::chrono::steady_clock>();
    try_deadlines_of<std::chrono::system_clock>();
}

TEST(TimeUntil, coarse_deadlines_reach_beyond_the_clock_without_overflow) {
    using std::chrono::sys_days;
    using std::chrono::sys_seconds;
    EXPECT_EQ(time_until(sys_seconds::min()), 0ns);
    EXPECT_EQ(time_until(sys_seconds::max()), Duration::max());
    EXPECT_EQ(time_until(sys_days::max()), Duration::max());
    EXPECT_EQ(time_until(sys_days::min()), 0ns);
    using Coarse = std::chrono::time_point<std::chrono::steady_clock, std::chrono::hours>;
    EXPECT_EQ(time_until(Coarse::max()), Duration::max());
    EXPECT_EQ(time_until(Coarse::min()), 0ns);
    const auto tomorrow = std::chrono::ceil<std::chrono::days>(std::chrono::system_clock::now());
    EXPECT_LE(time_until(tomorrow), 24h);
}

TEST(TimeUntil, floating_deadlines_are_taken) {
    using Floating = std::chrono::time_point<std::chrono::steady_clock, duration<double>>;
    EXPECT_EQ(time_until(Floating::min()), 0ns);
    EXPECT_EQ(time_until(Floating::max()), Duration::max());
    const Floating soon(std::chrono::steady_clock::now() + duration<double>(3600));
    EXPECT_GT(time_until(soon), 30min);
    EXPECT_LE(time_until(soon), 61min);
}

}  // namespace
}  // namespace dlock
