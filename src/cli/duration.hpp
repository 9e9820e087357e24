// Durations on the command line.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace dlock::cli {

using Seconds = std::chrono::duration<double>;

/// Reads "500ms", "10s", "1.5m", "1h", or a plain number of seconds. Nothing if it is anything
/// else, negative numbers included.
[[nodiscard]] std::optional<Seconds> parse_duration(std::string_view text);

}  // namespace dlock::cli
