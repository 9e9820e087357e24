// Keys that attack: what a server, a driver or a format string might take for something else.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace dlock_test {

/// More than 1,000 texts and byte strings, all different: every way out of a literal that we know
/// of, combined with every statement that would then do harm. `table` is what they try to destroy.
///
/// Some are no text in UTF-8, or hold NUL, or are too long for a database's names: these are to be
/// refused, or taken as bytes.
[[nodiscard]] std::vector<std::string> attacking_keys(const std::string& table);

}  // namespace dlock_test
