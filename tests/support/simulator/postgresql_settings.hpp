// PostgreSQL's settings as far as locks go.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/server_session.hpp"

#include <string>

namespace dlock::testing {

/// The settings that there are, with their defaults.
[[nodiscard]] const Settings& postgresql_defaults();

/// A text as SHOW gives it: "250ms", "7s"; throws SqlError if the server has no such setting or the
/// setting no such value.
[[nodiscard]] std::string postgresql_setting(const std::string& name, const std::string& text,
                                             int server_version);

/// A setting's text in milliseconds: "0", "250ms", "7s", "1d"; without a unit it is milliseconds.
/// Throws SqlError for a text that is none.
[[nodiscard]] double postgresql_milliseconds(const std::string& text);

}  // namespace dlock::testing
