// Reads the SQL of the four databases as far as locks and transactions go.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/syntax.hpp"
#include "support/simulator/tokens.hpp"

#include <memory>
#include <string>

namespace dlock::testing {

/// The statements of `sql`. Throws UnknownSql for what no simulated server knows. What was parsed
/// is remembered. Thread safety: safe.
[[nodiscard]] std::shared_ptr<const Script> parse(const std::string& sql);

}  // namespace dlock::testing
