// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql_error.hpp"

namespace dlock::detail {

errc mysql_errc(const NativeError& native) noexcept {
    if (native.sqlstate == "HY008") {
        return errc::interrupted;  // from the ODBC driver: a cancel has taken the result away
    }
    switch (native.code) {
        case 3058:  // MySQL: ER_USER_LOCK_DEADLOCK
        case 1213:  // MariaDB: ER_LOCK_DEADLOCK; from GET_LOCK it does not roll back
            return errc::deadlock;
        case 1317:  // ER_QUERY_INTERRUPTED: KILL QUERY
        case 3024:  // MySQL: ER_QUERY_TIMEOUT
        case 1969:  // MariaDB: ER_STATEMENT_TIMEOUT
            return errc::interrupted;
        case 3057:  // MySQL: ER_USER_LOCK_WRONG_NAME
        case 4163:  // MySQL: name too long
        case 1059:  // MariaDB: ER_TOO_LONG_IDENT
            return errc::invalid_key;
        case 1044:
        case 1142:
        case 1227:
        case 1370:
            return errc::permission_denied;
        case 1235:  // ER_NOT_SUPPORTED_YET: a cluster node that refuses user-level locks
            return errc::not_supported;
        case 2014:  // CR_COMMANDS_OUT_OF_SYNC
            return errc::session_busy;
        case 1037:
        case 1041:
            return errc::resource_exhausted;
        default:
            return errc::database_error;
    }
}

const char* mysql_advice(errc error) noexcept {
    switch (error) {
        case errc::deadlock:
            return "the server found a deadlock; release the other locks, then try again";
        case errc::invalid_key:
            return "the server refused the lock's name";
        case errc::permission_denied:
            return "the server refused the lock functions to this login";
        case errc::not_supported:
            return "this server refuses user-level locks (a Galera cluster node does)";
        case errc::session_busy:
            return "read the other command's result first";
        case errc::interrupted:
            return "the statement was ended on the server";
        default:
            return "the server reported an error";
    }
}

}  // namespace dlock::detail
