// The roads by which the cases' locks are reached: the same cases go over each.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

namespace dlock_test {

enum class Road {
    /// BaseLock's own operations, on the calling thread.
    blocking,
    /// Those of <dlock/asio.hpp>, on a thread that runs an io_context.
    async,
};

/// The roads that the suite takes: the asynchronous one where the library was built with it.
[[nodiscard]] const std::vector<Road>& roads();

/// What a column's name has after the database's: "" or "-async".
[[nodiscard]] std::string suffix(Road road);

}  // namespace dlock_test
