// The databases whose locks the library knows, whatever the road to them.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "lock_state.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/key.hpp>
#include <dlock/options.hpp>
#include <dlock/session_traits.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace dlock::detail {

/// The server at the end of a session.
struct Server {
    Product product = Product::postgresql;
    /// As PQserverVersion() and mysql_get_server_version() give it; 0 if not known.
    int version = 0;
    /// Where the client library does not know the server session: a number that no other connection
    /// has. Else 0.
    std::uint64_t mark = 0;
};

/// Throws LockError (errc::not_supported) for a server whose locks cannot be trusted.
[[nodiscard]] Capabilities capabilities_of(const Server& server);

using MakeDriver = std::function<std::unique_ptr<Driver>(const LockOptions&)>;

/// Checks options and key and puts dialect and driver together. Sends nothing; throws LockError.
[[nodiscard]] LockParts make_parts(const Server& server, const Key& key, LockOptions options,
                                   const MakeDriver& make_driver);

/// Throws LockError unless the database can do what the options ask for.
void check_options(const LockOptions& options, const Capabilities& capabilities, const Key& key);

}  // namespace dlock::detail
