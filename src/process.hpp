// The identity of the running process, to tell a forked child.
// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace dlock::detail {

[[nodiscard]] long current_process() noexcept;

}  // namespace dlock::detail
