// Lines on standard error.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace dlock::cli {

/// Prints "dlock: <text>" as one line, in one write.
void print_line(std::string_view text) noexcept;

/// Text of unknown origin in quotes, fit for a terminal: control characters are escaped, long text
/// is cut.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// Registers a password that foreign() must hide.
void hide(const std::string& secret);

/// A message of a server or a client library, made fit to be printed: one line, no control
/// characters, no registered password. Client libraries do not print passwords; this makes sure.
[[nodiscard]] std::string foreign(std::string_view message);

}  // namespace dlock::cli
