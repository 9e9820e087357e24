// SPDX-License-Identifier: BSL-1.0
#include "dialects/postgresql_error.hpp"

namespace dlock::detail {

using namespace sqlstate;

errc postgresql_errc(const NativeError& native) noexcept {
    const std::string_view state = native.sqlstate;
    if (state == deadlock_detected) {
        return errc::deadlock;
    }
    if (state == "42501") {
        return errc::permission_denied;
    }
    if (state == "53200" || state == "53300") {
        return errc::resource_exhausted;
    }
    if (state == in_failed_transaction) {
        return errc::transaction_failed;
    }
    if (state == query_canceled || state == odbc_cancelled) {
        return errc::interrupted;
    }
    return errc::database_error;
}

const char* postgresql_advice(errc error) noexcept {
    switch (error) {
        case errc::deadlock:
            return "PostgreSQL found a deadlock; release the other locks, then try again";
        case errc::permission_denied:
            return "PostgreSQL refused the lock functions; grant EXECUTE on them";
        case errc::resource_exhausted:
            return "PostgreSQL is out of shared lock memory; raise max_locks_per_transaction";
        case errc::transaction_failed:
            return "roll the transaction back first";
        case errc::interrupted:
            return "the statement was cancelled on the server";
        case errc::no_transaction:
            return "the client library ended the transaction; begin it by soci::transaction";
        default:
            return "PostgreSQL reported an error";
    }
}

}  // namespace dlock::detail
