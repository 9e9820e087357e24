// SQLDisconnect as the standard has it: with a transaction open it is refused. The drivers of the
// tests are not that strict, others are.
// SPDX-License-Identifier: BSL-1.0
#include <dlfcn.h>
#include <sql.h>
#include <sqlext.h>

#include <mutex>
#include <set>

namespace {

std::mutex mutex;
std::set<SQLHANDLE> ended;  // connections whose transaction was committed or rolled back

// The driver manager's own function.
template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" SQLRETURN SQL_API SQLEndTran(SQLSMALLINT type, SQLHANDLE handle, SQLSMALLINT how) {
    {
        const std::lock_guard lock(mutex);
        ended.insert(handle);
    }
    return next<decltype(SQLEndTran)>("SQLEndTran")(type, handle, how);
}

extern "C" SQLRETURN SQL_API SQLDisconnect(SQLHDBC connection) {
    SQLUINTEGER autocommit = SQL_AUTOCOMMIT_ON;
    SQLGetConnectAttr(connection, SQL_ATTR_AUTOCOMMIT, &autocommit, 0, nullptr);
    const std::lock_guard lock(mutex);
    if (autocommit == SQL_AUTOCOMMIT_OFF && !ended.contains(connection)) {
        return SQL_ERROR;
    }
    ended.erase(connection);
    return next<decltype(SQLDisconnect)>("SQLDisconnect")(connection);
}
