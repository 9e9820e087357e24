// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "drivers/soci_driver.hpp"
#include "products.hpp"

#include <utility>

namespace dlock::detail {
namespace {

constexpr Server server{.product = Product::oracle};

}  // namespace

Capabilities oracle_backend_capabilities(soci::session& session) {
    (void)session;
    return capabilities_of(server);
}

LockParts make_oracle_lock(soci::session& session, const Key& key, LockOptions options) {
    return make_parts(server, key, std::move(options),
                      [&](const LockOptions&) { return make_oracle_driver(session); });
}

}  // namespace dlock::detail
