// What create_fencing_schema() has to know of one database.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>

namespace dlock::detail {

/// What to do where there is no counter.
inline constexpr const char* make_fencing_schema =
    "there is no counter for fencing tokens; run dlock::create_fencing_schema() or `dlock init` (a "
    "row that was deleted must first be inserted again, with the highest token ever drawn)";

/// The counter that fencing tokens are drawn from.
struct FencingSchema {
    /// One row if the counter is there.
    const char* find;
    /// What makes it, in this order; none of them changes what is there already. Null ends the
    /// list.
    std::array<const char*, 5> create;
    /// What another login needs, which stands as <login> in it; empty where logins are unknown.
    const char* grant;
};

}  // namespace dlock::detail
