// Acquisitions by processes that contend, counted.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <vector>

namespace dlock_test {

/// Eight processes take one key in turn, each asking again as soon as it has given the key back,
/// until so many acquisitions were granted on all databases together. Prints a line a database.
/// True if no two were inside at once, all ended well, and nothing is left behind.
[[nodiscard]] bool run_contended(const std::vector<const Database*>& databases, long long count);

}  // namespace dlock_test
