// SPDX-License-Identifier: BSL-1.0
#include "drivers/odbc_product.hpp"

#include <soci/odbc/soci-odbc.h>

#include <sqlext.h>

namespace dlock::detail {

std::string odbc_product(soci::session& session) {
    const auto* const backend =
        static_cast<const soci::odbc_session_backend*>(session.get_backend());
    if (backend == nullptr) {
        return {};
    }
    SQLCHAR name[256] = {};
    SQLSMALLINT length = 0;
    const SQLRETURN result = SQLGetInfo(backend->hdbc_, SQL_DBMS_NAME, name, sizeof name, &length);
    return SQL_SUCCEEDED(result) ? reinterpret_cast<const char*>(name) : std::string();
}

}  // namespace dlock::detail
