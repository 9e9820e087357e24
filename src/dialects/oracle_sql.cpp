// SPDX-License-Identifier: BSL-1.0
#include "dialects/oracle_sql.hpp"

#include "keys/hex.hpp"

#include <cstdio>
#include <string_view>

namespace dlock::detail {
namespace {

int number_of(Mode mode) {
    switch (mode) {
        case Mode::null:
            return 1;
        case Mode::intent_shared:
            return 2;
        case Mode::intent_exclusive:
            return 3;
        case Mode::shared:
            return 4;
        case Mode::shared_intent_exclusive:
            return 5;
        default:
            return 6;
    }
}

void append(std::string& sql, std::int64_t number) {
    char text[24];
    std::snprintf(text, sizeof text, "%lld", static_cast<long long>(number));
    sql.append(text);
}

constexpr std::string_view handle_function =
    "function handle(n varchar2) return varchar2 is pragma autonomous_transaction; "
    "h varchar2(128); begin "
    "sys.dbms_lock.allocate_unique(lockname => n, lockhandle => h); commit; return h; end; ";

}  // namespace

OracleSql::OracleSql(const OracleSettings& settings, const ActualKey& key) : xact_(settings.xact) {
    if (settings.allocate_unique) {
        parameter_ = to_hex(std::get<std::string>(key.value()));
        functions_ = handle_function;
        head_ = "declare " + functions_;
        lock_ = "lockhandle => handle(sys.utl_raw.cast_to_varchar2(hextoraw(:key)))";
    } else {
        lock_ = "id => ";
        append(lock_, std::get<std::int64_t>(key.value()));
    }
    head_ += "begin :rc := sys.dbms_lock.";
}

void OracleSql::request(std::string& sql, Mode mode, std::int64_t seconds) const {
    sql.assign(head_).append("request(").append(lock_).append(", lockmode => ");
    append(sql, number_of(mode));
    sql.append(", timeout => ");
    append(sql, seconds);
    sql.append(", release_on_commit => ")
        .append(xact_ ? "TRUE" : "FALSE")
        .append(
            "); :tx := case when sys.dbms_transaction.local_transaction_id is null then 0 else 1 "
            "end; end;");
}

void OracleSql::convert(std::string& sql, Mode mode) const {
    sql.assign(head_).append("convert(").append(lock_).append(", lockmode => ");
    append(sql, number_of(mode));
    sql.append(", timeout => 0); end;");
}

void OracleSql::fence(std::string& sql, Mode mode, std::int64_t seconds) const {
    // WRITE IMMEDIATE WAIT: PL/SQL commits do not wait for the disk otherwise.
    sql.assign(
        "declare rc number; t number; function draw return number is "
        "pragma autonomous_transaction; n number; begin "
        "select token into n from dlock.fencing where id = 1 for update wait ");
    append(sql, seconds);
    sql.append(
           "; update dlock.fencing set token = token + 1 where id = 1 returning token into n; "
           "commit write immediate wait; return n; end; ")
        .append(functions_)
        .append("begin rc := sys.dbms_lock.convert(")
        .append(lock_)
        .append(", lockmode => ");
    append(sql, number_of(mode));
    sql.append(
        ", timeout => 0); if rc = 0 then t := draw; end if; :rc := rc; "
        ":hi := trunc(t / 2147483648); :lo := mod(t, 2147483648); end;");
}

void OracleSql::release(std::string& sql) const {
    sql.assign(head_).append("release(").append(lock_).append("); end;");
}

}  // namespace dlock::detail
