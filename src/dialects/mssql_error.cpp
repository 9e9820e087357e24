// SPDX-License-Identifier: BSL-1.0
#include "dialects/mssql_error.hpp"

namespace dlock::detail {

errc mssql_errc(const NativeError& native) noexcept {
    switch (native.code) {
        case 1205:  // chosen as the victim of a deadlock
            return errc::deadlock;
        case mssql_lock_timeout:
        case 3617:  // cancelled by the client
            return errc::interrupted;
        case 229:  // EXECUTE was denied
        case 230:
        case 262:  // a CREATE was denied in the database
        case 297:
        case 300:
        case 1202:   // the principal does not exist, or the login is not a member of it
        case 15151:  // the same, of other objects
        case 15247:
            return errc::permission_denied;
        case 2812:  // no such procedure
            return errc::not_supported;
        case 3930:  // the transaction cannot be committed
        case 3998:
            return errc::transaction_failed;
        case 701:
        case 1204:
        case 8645:
        case 10928:
        case 10929:
            return errc::resource_exhausted;
        default:
            // Cancelled, out of the driver's own time, or an error that a cancel has taken away.
            return native.sqlstate == "HY008" || native.sqlstate == "HYT00" ||
                           native.sqlstate == "57014"
                       ? errc::interrupted
                       : errc::database_error;
    }
}

bool mssql_took_nothing(errc error) noexcept {
    return error != errc::interrupted && error != errc::database_error;
}

const char* mssql_advice(errc error) noexcept {
    switch (error) {
        case errc::deadlock:
            return "the server found a deadlock; release the other locks, then try again";
        case errc::permission_denied:
            return "the server refused sp_getapplock to this login: it needs EXECUTE on it and "
                   "membership in the database principal of the lock";
        case errc::not_supported:
            return "this server has no sp_getapplock";
        case errc::transaction_failed:
            return "roll the transaction back first";
        case errc::resource_exhausted:
            return "the server is out of locks, memory or workers";
        case errc::interrupted:
            return "the statement was cancelled";
        default:
            return "the server reported an error";
    }
}

}  // namespace dlock::detail
