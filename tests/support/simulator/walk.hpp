// All calls in a statement, those included that will not be evaluated.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/syntax.hpp"

#include <functional>

namespace dlock::testing {

void for_each_call(const SqlStatement& statement,
                   const std::function<void(const Expression& call)>& visit);

}  // namespace dlock::testing
