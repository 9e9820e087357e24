// The command line.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "duration.hpp"
#include "exit_codes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dlock::cli {

/// What `dlock run` is to do.
struct RunOptions {
    std::optional<std::string> url{};
    std::optional<std::string> url_file{};
    /// How long to wait for the lock: unset, without limit; zero, not at all.
    std::optional<Seconds> wait{};
    /// How long the command may take to end when the lock is lost.
    Seconds grace{5};
    /// Within this time a loss is noticed, whatever its cause; zero: as far as it shows by itself.
    Seconds verify{30};
    bool shared = false;
    bool fencing = false;
    bool close = false;
    bool verbose = false;
    bool quiet = false;
    int conflict_exit_code = exit_busy;
    std::string key{};
    /// The key's value if it is an integer.
    std::optional<std::int64_t> integer_key{};
    std::vector<std::string> command{};
};

/// What `dlock init` is to do.
struct InitOptions {
    std::optional<std::string> url{};
    std::optional<std::string> url_file{};
};

/// Text that was asked for, or that helps who asked for nothing.
struct Help {
    std::string text{};
    int exit_code = 0;
};

/// Reads the command line. Throws Failure with exit_usage.
[[nodiscard]] std::variant<RunOptions, InitOptions, Help> parse_arguments(
    std::vector<std::string> arguments);

/// Takes the arguments out of `argv`, and overwrites those that may hold a URL, so that the list of
/// processes does not show a password any longer.
[[nodiscard]] std::vector<std::string> take_arguments(int argc, char** argv);

}  // namespace dlock::cli
