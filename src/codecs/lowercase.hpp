// Lower case as .NET's ToLowerInvariant() has it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace dlock::detail {

/// `text`, which must be valid UTF-8, in lower case: character by character by Unicode's simple
/// mappings, whatever the locale. U+0130, the dotted capital I, stays as it is.
[[nodiscard]] std::string lowercase(std::string_view text);

}  // namespace dlock::detail
