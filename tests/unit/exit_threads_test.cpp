// A lock with static storage duration, which is released after main().
// SPDX-License-Identifier: BSL-1.0
#include "fake_driver.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

// Made before all that the library makes when it is first used, so destroyed after it.
void hold_until_the_end() {
    static FakeLock fake({.verify_interval = 10s, .on_error = [](const LockError& error) {
                              std::fprintf(stderr, "told: %s", error.code().message().c_str());
                          }});
    fake.driver.on_execute = [](const Statement& statement) {
        return statement.purpose == Purpose::release ? answer(errc::permission_denied)
                                                     : answer(Verdict::granted);
    };
    std::exit(fake.lock.try_lock() ? 0 : 1);
}

TEST(ExitDeathTest, a_static_lock_is_released_and_its_errors_are_told) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(hold_until_the_end(), testing::ExitedWithCode(0), "told: .+");
}

}  // namespace
}  // namespace dlock::detail
