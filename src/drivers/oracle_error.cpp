// SPDX-License-Identifier: BSL-1.0
#include "drivers/oracle_error.hpp"

#include <algorithm>
#include <charconv>

namespace dlock::detail {

int oracle_error_code(std::string_view message) noexcept {
    constexpr std::string_view prefix = "ORA-";
    const auto at = message.find(prefix);
    int code = 0;
    if (at != std::string_view::npos) {
        message.remove_prefix(at + prefix.size());
        (void)std::from_chars(message.data(), message.data() + message.size(), code);
    }
    return std::max(code, 0);  // "ORA--8" is none of Oracle's
}

bool oracle_connection_lost(int code) noexcept {
    switch (code) {
        case 28:     // your session has been killed
        case 600:    // internal error: the session ends in most cases
        case 1012:   // not logged on
        case 1033:   // initialization or shutdown in progress
        case 1034:   // ORACLE not available
        case 1041:   // internal error, hostdef extension does not exist
        case 1089:   // immediate shutdown in progress
        case 1092:   // instance terminated, disconnection forced
        case 2396:   // exceeded maximum idle time
        case 3113:   // end-of-file on communication channel
        case 3114:   // not connected to ORACLE
        case 3135:   // connection lost contact
        case 12153:  // TNS: not connected
        case 12170:  // TNS: connect timeout
        case 12537:  // TNS: connection closed
        case 12547:  // TNS: lost contact
        case 12570:  // TNS: packet reader failure
        case 12571:  // TNS: packet writer failure
        case 25408:  // cannot safely replay call: the session failed over
            return true;
        default:
            return false;
    }
}

}  // namespace dlock::detail
