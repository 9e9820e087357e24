// Faults that other tests of the project try, so that they are no cells here.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace dlock_test {

struct Elsewhere {
    std::string id;
    std::string title;
    std::string where;
};

[[nodiscard]] const std::vector<Elsewhere>& elsewhere();

}  // namespace dlock_test
