// The ODBC road: the product behind the session chooses the dialect.
// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "drivers/odbc_product.hpp"

namespace dlock::detail {
namespace {

[[noreturn]] void refuse(soci::session& session) {
    const std::string product = odbc_product(session);
    throw LockError(errc::not_supported, "no lock is known yet for an ODBC session to \"" +
                                             product +
                                             "\"; use SOCI's postgresql, mysql or sqlite3 backend");
}

}  // namespace

Capabilities odbc_backend_capabilities(soci::session& session) {
    refuse(session);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature of every backend
LockParts make_odbc_lock(soci::session& session, const Key& key, LockOptions options) {
    (void)key;
    (void)options;
    refuse(session);
}

}  // namespace dlock::detail
