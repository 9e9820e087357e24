// Backends that tell of themselves (SessionTraits).
// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "drivers/soci_driver.hpp"
#include "products.hpp"

#include <dlock/session_traits.hpp>

#include <utility>

namespace dlock {

SessionTraits::~SessionTraits() = default;

namespace detail {
namespace {

Server server_of(soci::session& session) {
    const SessionTraits& traits = *traits_of(session);
    return {.product = traits.product(), .version = traits.server_version()};
}

}  // namespace

bool has_traits(soci::session& session) noexcept {
    return traits_of(session) != nullptr;
}

Capabilities traits_backend_capabilities(soci::session& session) {
    return capabilities_of(server_of(session));
}

LockParts make_traits_lock(soci::session& session, const Key& key, LockOptions options) {
    return make_parts(server_of(session), key, std::move(options),
                      [&](const LockOptions&) { return make_traits_driver(session); });
}

}  // namespace detail
}  // namespace dlock
