// Sessions that are reached through SOCI alone: Oracle's, and those of backends that tell of
// themselves.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/driver.hpp"

#include <soci/soci.h>

#include <memory>

namespace dlock::detail {

/// For a session whose backend is a SessionTraits. Precondition: traits_of(session) is not null.
[[nodiscard]] std::unique_ptr<Driver> make_traits_driver(soci::session& session);

/// For a session of SOCI's oracle backend. Needs none of its headers.
[[nodiscard]] std::unique_ptr<Driver> make_oracle_driver(soci::session& session);

/// What the session's backend tells of itself; null if it does not.
[[nodiscard]] const SessionTraits* traits_of(soci::session& session) noexcept;

}  // namespace dlock::detail
