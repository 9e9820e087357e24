// File descriptors: what the command inherits. Linux only.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <set>

namespace dlock::cli {

/// The descriptors that the program was started with. They belong to the command; all that are
/// opened later do not.
class StartDescriptors {
  public:
    /// Takes note of them. Of standard input, output and error, those that are closed are filled
    /// for this program only, lest a connection gets such a number.
    StartDescriptors();

    /// Keeps all others from the command.
    void withhold_others() const;

  private:
    std::set<int> start_;
};

/// Lets the command inherit a descriptor. To be called in the child. Async-signal-safe.
void hand_over(int descriptor) noexcept;

}  // namespace dlock::cli
