// SPDX-License-Identifier: BSL-1.0
#include "dialects/sqlite.hpp"

#include "backends/backends.hpp"
#include "dialects/sqlite_key.hpp"
#include "drivers/sqlite_driver.hpp"
#include "products.hpp"

#include <utility>
#include <variant>

namespace dlock::detail {

Capabilities sqlite_backend_capabilities(soci::session& session) {
    (void)session;
    return sqlite_capabilities();
}

LockParts make_sqlite_lock(soci::session& session, const Key& key, LockOptions options) {
    Capabilities capabilities = sqlite_capabilities();
    check_options(options, capabilities, key);
    ActualKey actual = options.converter ? options.converter(key) : make_sqlite_key(key);
    check_sqlite_key(actual, key);
    auto driver = make_sqlite_driver(session, std::get<std::int64_t>(actual.value()));
    return {.key = key,
            .actual_key = std::move(actual),
            .options = std::move(options),
            .capabilities = std::move(capabilities),
            .driver = std::move(driver),
            .dialect = make_sqlite_dialect()};
}

}  // namespace dlock::detail
