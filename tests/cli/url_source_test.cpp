// SPDX-License-Identifier: BSL-1.0
#include "url_source.hpp"

#include "failure.hpp"

#include <gtest/gtest.h>

#include <stdlib.h>

namespace dlock::cli {
namespace {

TEST(UrlSource, OptionGoesBeforeEnvironment) {
    setenv("DLOCK_URL", "nonsense", 1);
#ifdef DLOCK_HAS_MYSQL
    EXPECT_EQ(find_target("mysql://h", std::nullopt).parameters, "host='h'");
#endif
    EXPECT_THROW((void)find_target(std::nullopt, std::nullopt), Failure);
    unsetenv("DLOCK_URL");
}

TEST(UrlSource, FileMustBeThere) {
    EXPECT_THROW((void)find_target(std::nullopt, "/no/such/file"), Failure);
    EXPECT_THROW((void)find_target(std::nullopt, "/"), Failure);
    EXPECT_THROW((void)find_target(std::nullopt, "/dev/null"), Failure);
    EXPECT_THROW((void)find_target(std::nullopt, "/dev/zero"), Failure);
}

}  // namespace
}  // namespace dlock::cli
