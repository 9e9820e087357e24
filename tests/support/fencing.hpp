// The counter of fencing tokens on the servers of a test run.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

namespace dlock_test {

/// Makes the counter and lets the ordinary user draw tokens, once for each database. Throws
/// LockError (errc::permission_denied) where no administrator is known and the user may not make
/// it.
void prepare_fencing(const Database& database);

}  // namespace dlock_test
