// A number for a connection whose server session the client library does not know.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace dlock::detail {

/// The number of the connection with this handle: always the same in this process, and that of no
/// other connection anywhere. Never 0. May throw what std::random_device throws.
[[nodiscard]] std::uint64_t connection_mark(const void* handle);

}  // namespace dlock::detail
