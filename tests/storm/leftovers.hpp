// What a storm must not leave behind.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"
#include "support/leftovers.hpp"

#include <string>
#include <vector>

namespace dlock_test {

/// Makes what the client libraries and this one make once, so that it does not count.
void warm_up(const std::vector<const Database*>& databases);

/// True if the keys have neither holder nor waiter and the server no more sessions than before;
/// else prints what is left. (SQLite: no holder.)
[[nodiscard]] bool is_left_clean(const Database& database, const Sessions& before,
                                 const std::vector<std::string>& keys);

/// True if the process has no more descriptors and threads than before; else prints it.
[[nodiscard]] bool is_left_clean(const Resources& before);

}  // namespace dlock_test
