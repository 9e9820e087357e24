// Where the URL of the database comes from.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "url.hpp"

#include <optional>
#include <string>

namespace dlock::cli {

/// The database named by --url, by --url-file, by the environment variable DLOCK_URL (if it is not
/// empty), or the default one, in this order.
///
/// A file holds the URL on a line of its own. One that holds a password and that every user may
/// read is refused. Throws Failure.
[[nodiscard]] Target find_target(const std::optional<std::string>& url,
                                 const std::optional<std::string>& url_file);

}  // namespace dlock::cli
