// What ends the program early: a line for the user and an exit code.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>

namespace dlock::cli {

/// Thrown where the program cannot go on. The text says what to do next, is fit to be printed as it
/// is (one line, no password), and does not begin with the program's name. An empty text prints
/// nothing.
class Failure : public std::runtime_error {
  public:
    Failure(int exit_code, const std::string& text)
        : std::runtime_error(text), exit_code_(exit_code) {}

    [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  private:
    int exit_code_;
};

}  // namespace dlock::cli
