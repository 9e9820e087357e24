// Which modes exclude each other: the table of the databases' manuals.
// SPDX-License-Identifier: BSL-1.0
#include "engine/modes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dlock::detail {
namespace {

TEST(Modes, they_exclude_each_other_as_the_manuals_say) {
    static constexpr Mode modes[] = {
        Mode::null,   Mode::intent_shared,           Mode::shared,   Mode::intent_exclusive,
        Mode::update, Mode::shared_intent_exclusive, Mode::exclusive};
    // A row and a column for each of these modes; x where they exclude each other.
    static const std::string table[] = {
        ".......",  // null
        "......x",  // intent shared
        "...x.xx",  // shared
        "..x.xxx",  // intent exclusive
        "...xxxx",  // update
        "..xxxxx",  // shared and intent exclusive
        ".xxxxxx",  // exclusive
    };
    for (std::size_t row = 0; row < std::size(modes); ++row) {
        for (std::size_t column = 0; column < std::size(modes); ++column) {
            EXPECT_EQ(exclude_each_other(modes[row], modes[column]), table[row][column] == 'x')
                << "row " << row << ", column " << column;
        }
    }
}

}  // namespace
}  // namespace dlock::detail
