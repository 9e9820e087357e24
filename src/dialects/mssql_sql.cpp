// SPDX-License-Identifier: BSL-1.0
#include "dialects/mssql_sql.hpp"

#include "keys/utf16.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace dlock::detail {
namespace {

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::shared:
            return "Shared";
        case Mode::update:
            return "Update";
        case Mode::intent_shared:
            return "IntentShared";
        case Mode::intent_exclusive:
            return "IntentExclusive";
        default:
            return "Exclusive";
    }
}

// What APPLOCK_MODE may say of a session that holds at least this mode; it says SharedIntent- and
// UpdateIntentExclusive of locks that were taken on top of each other.
std::string_view at_least(Mode mode) {
    switch (mode) {
        case Mode::shared:
            return "'Shared', 'SharedIntentExclusive', 'Update', 'UpdateIntentExclusive', "
                   "'Exclusive'";
        case Mode::update:
            return "'Update', 'UpdateIntentExclusive', 'Exclusive'";
        case Mode::intent_shared:
            return "'IntentShared', 'Shared', 'Update', 'IntentExclusive', "
                   "'SharedIntentExclusive', 'UpdateIntentExclusive', 'Exclusive'";
        case Mode::intent_exclusive:
            return "'IntentExclusive', 'SharedIntentExclusive', 'UpdateIntentExclusive', "
                   "'Exclusive'";
        default:
            return "'Exclusive'";
    }
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

}  // namespace

MssqlSql::MssqlSql(const MssqlSettings& settings, const ActualKey& key)
    : parameter_(std::get<std::string>(key.value())),
      declarations_("DECLARE @name nvarchar(255) = :key; "),
      principal_("'public'"),
      owner_(settings.xact ? "'Transaction'" : "'Session'"),
      xact_(settings.xact) {
    if (!is_ascii(parameter_)) {
        parameter_ = utf16le_hex(parameter_);
        declarations_ =
            "DECLARE @name nvarchar(255) = CAST(CONVERT(varbinary(510), :key, 2) AS "
            "nvarchar(255)); ";
        is_converted_ = true;
    }
    if (!settings.db_principal.empty()) {
        declarations_ += "DECLARE @principal nvarchar(128) = CAST(0x" +
                         utf16le_hex(settings.db_principal) + " AS nvarchar(128)); ";
        principal_ = "@principal";
    }
}

std::size_t MssqlSql::longest() const noexcept {
    return declarations_.size() + 1000;
}

void MssqlSql::acquire(std::string& sql, Mode mode, std::int64_t milliseconds) const {
    char timeout[24];
    std::snprintf(timeout, sizeof timeout, "%lld", static_cast<long long>(milliseconds));
    sql.assign(declarations_)
        .append("DECLARE @result int = -1000; DECLARE @held nvarchar(32) = APPLOCK_MODE(")
        .append(principal_)
        .append(", @name, 'Session'); ");
    if (xact_) {
        sql.append(
            "DECLARE @begin int; IF @@TRANCOUNT = 0 AND (@@OPTIONS & 2) = 2 "
            "SELECT TOP (1) @begin = 1 FROM sys.types; ");
    }
    // Locks of the session and of its transaction do not exclude each other on SQL Server, and
    // leave a lock behind on Babelfish, so both owners count. The transaction's is asked for only
    // where there is one: elsewhere it is an error. (Babelfish does not tell owners apart here.)
    sql.append("IF @@TRANCOUNT > 0 AND @held = 'NoLock' SET @held = APPLOCK_MODE(")
        .append(principal_)
        .append(", @name, 'Transaction'); ");
    if (is_converted_) {
        sql.append(
            "IF CAST(CONVERT(varbinary(4), '61006200', 2) AS nvarchar(2)) <> 'ab' "
            "SET @result = -1004 ELSE ");
    }
    sql.append("IF XACT_STATE() = -1 SET @result = -1003 ");
    if (xact_) {
        sql.append("ELSE IF @@TRANCOUNT = 0 SET @result = -1002 ");
    }
    sql.append(
           "ELSE IF @held <> 'NoLock' SET @result = -1001 "
           "ELSE EXEC @result = sys.sp_getapplock @Resource = @name, @LockMode = '")
        .append(name_of(mode))
        .append("', @LockOwner = ")
        .append(owner_)
        .append(", @LockTimeout = ")
        .append(timeout)
        .append(", @DbPrincipal = ")
        .append(principal_)
        .append("; SELECT @result, @@TRANCOUNT, XACT_STATE()");
}

void MssqlSql::release(std::string& sql) const {
    sql.assign(declarations_)
        .append(
            "DECLARE @result int = -1000; EXEC @result = sys.sp_releaseapplock "
            "@Resource = @name, @LockOwner = ")
        .append(owner_)
        .append(", @DbPrincipal = ")
        .append(principal_)
        .append("; SELECT @result");
}

void MssqlSql::verify(std::string& sql, Mode mode) const {
    sql.assign(declarations_);
    sql.append(xact_ ? "DECLARE @held nvarchar(32) = 'NoLock'; IF @@TRANCOUNT > 0 SET @held = "
                     : "DECLARE @held nvarchar(32) = ")
        .append("APPLOCK_MODE(")
        .append(principal_)
        .append(", @name, ")
        .append(owner_)
        .append("); SELECT CASE WHEN @held IN (")
        .append(at_least(mode))
        .append(") THEN 1 WHEN @held IS NOT NULL THEN 0 END");
}

void MssqlSql::fence(std::string& sql, Mode mode) const {
    // Looked at before the UPDATE, within which @@TRANCOUNT is never zero. NOWAIT: the session's
    // LOCK_TIMEOUT, which may be for ever, is not to be waited for.
    sql.assign(declarations_)
        .append(
            "DECLARE @fence int = CASE WHEN @@TRANCOUNT > 0 OR (@@OPTIONS & 2) = 2 THEN 1 "
            "WHEN APPLOCK_MODE(")
        .append(principal_)
        .append(", @name, 'Session') IN (")
        .append(at_least(mode))
        .append(
            ") THEN 0 ELSE 2 END; "
            "IF @fence = 0 UPDATE dlock.fencing WITH (NOWAIT) SET token = token + 1 "
            "OUTPUT 0, inserted.token WHERE id = 1 ELSE SELECT @fence, NULL");
}

}  // namespace dlock::detail
