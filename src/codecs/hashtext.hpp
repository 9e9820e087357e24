// PostgreSQL's hashtext() and hashtextextended(), computed in the client.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

namespace dlock::detail {

/// hashtext(text) of a server in UTF8 on a little-endian machine.
[[nodiscard]] std::int32_t hashtext(std::string_view text) noexcept;

/// hashtextextended(text, seed) of such a server.
[[nodiscard]] std::int64_t hashtextextended(std::string_view text, std::int64_t seed) noexcept;

}  // namespace dlock::detail
