// SPDX-License-Identifier: BSL-1.0
#include "duration.hpp"

#include <gtest/gtest.h>

namespace dlock::cli {
namespace {

TEST(Duration, HasUnits) {
    struct Case {
        const char* text;
        double seconds;
    };
    for (const auto& [text, seconds] :
         {Case{"0", 0}, Case{"10", 10}, Case{"10s", 10}, Case{"500ms", 0.5}, Case{"5m", 300},
          Case{"1h", 3600}, Case{"1.5m", 90}, Case{"0.25", 0.25}, Case{".5s", 0.5}}) {
        const auto duration = parse_duration(text);
        ASSERT_TRUE(duration) << text;
        EXPECT_DOUBLE_EQ(duration->count(), seconds) << text;
    }
}

TEST(Duration, IsNothingElse) {
    for (const char* const text :
         {"", "s", "ms", "-1", "-1s", "+1", "1 s", " 1", "1x", "1sec", "1e3", "1m30s", "1,5s",
          "inf", "nan", "0x10", "1s ", "--", "."}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Duration, MayBeLong) {
    EXPECT_TRUE(parse_duration("99999999999999999999h"));
}

}  // namespace
}  // namespace dlock::cli
