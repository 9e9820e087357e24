// SPDX-License-Identifier: BSL-1.0
#include "raw_lock.hpp"

#include "targets.hpp"

#include <stdexcept>

namespace dlock_bench {

std::unique_ptr<RawLock> make_raw_lock(const dlock_test::Database& database,
                                       [[maybe_unused]] soci::session& session,
                                       [[maybe_unused]] const dlock::ActualKey& key) {
#ifdef DLOCK_HAS_POSTGRESQL
    if (database.is_postgresql()) {
        return make_raw_postgresql(session, key);
    }
#endif
#ifdef DLOCK_HAS_MYSQL
    if (database.is_mysql()) {
        return make_raw_mysql(session, key);
    }
#endif
    if (database.is_sqlite()) {
        return make_raw_ofd(parameter_of(database.url, "db") + "-raw");
    }
    throw std::runtime_error("built without the client library of " + database.name);
}

}  // namespace dlock_bench
