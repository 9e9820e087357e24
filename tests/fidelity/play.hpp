// Plays a script and writes down what came of each step.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fidelity/script.hpp"
#include "fidelity/stage.hpp"

#include <string>
#include <vector>

namespace dlock_test {

/// A line for each step; those that begin with "!" say that the script did not go as it is written:
/// a step ended that should wait, or did not end. `number` stands in the statements for {n}.
[[nodiscard]] std::vector<std::string> play(TestStage& stage, const TestScript& script,
                                            const std::string& number);

}  // namespace dlock_test
