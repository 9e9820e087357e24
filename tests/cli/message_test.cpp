// SPDX-License-Identifier: BSL-1.0
#include "message.hpp"

#include <gtest/gtest.h>

namespace dlock::cli {
namespace {

TEST(Message, QuotesWhatATerminalWouldObey) {
    EXPECT_EQ(in_quotes("plain caf\xc3\xa9"), "\"plain caf\xc3\xa9\"");
    EXPECT_EQ(in_quotes("a\nb\x1b[31m\x7f"), "\"a\\x0ab\\x1b[31m\\x7f\"");
    EXPECT_EQ(in_quotes("\xc2\x9b"
                        "c\"\\"),
              "\"\\xc2\\x9bc\\x22\\x5c\"");
}

TEST(Message, CutsLongQuotes) {
    const std::string text = in_quotes(std::string(10000, 'x'));
    EXPECT_LT(text.size(), 200U);
    EXPECT_TRUE(text.ends_with("...\""));
}

TEST(Message, MakesOneLineOfForeignText) {
    EXPECT_EQ(foreign("first\n\tsecond.\n"), "first; second");
    EXPECT_EQ(foreign("a\x1b[0mb"), "a [0mb");
    EXPECT_EQ(foreign(""), "");
}

TEST(Message, HidesPasswordsInForeignText) {
    hide("");
    hide("hunter");
    hide("hunter2");
    EXPECT_EQ(foreign("password=hunter2, or hunter"), "password=***, or ***");
}

}  // namespace
}  // namespace dlock::cli
