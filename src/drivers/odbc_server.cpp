// SPDX-License-Identifier: BSL-1.0
#include "drivers/odbc_server.hpp"

#include <soci/odbc/soci-odbc.h>

#include <sqlext.h>

namespace dlock::detail {
namespace {

std::string info(SQLHDBC connection, SQLUSMALLINT what) {
    SQLCHAR text[256] = {};
    SQLSMALLINT length = 0;
    const SQLRETURN result = SQLGetInfo(connection, what, text, sizeof text, &length);
    return SQL_SUCCEEDED(result) ? reinterpret_cast<const char*>(text) : std::string();
}

}  // namespace

OdbcServer odbc_server(soci::session& session) {
    const auto* const backend =
        static_cast<const soci::odbc_session_backend*>(session.get_backend());
    if (backend == nullptr || backend->hdbc_ == SQL_NULL_HDBC) {
        return {};
    }
    return {.product = info(backend->hdbc_, SQL_DBMS_NAME),
            .version = info(backend->hdbc_, SQL_DBMS_VER),
            .connected = true};
}

}  // namespace dlock::detail
