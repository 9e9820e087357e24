// SPDX-License-Identifier: BSL-1.0
#include "products.hpp"

#include "dialects/mssql.hpp"
#include "dialects/mssql_key.hpp"
#include "dialects/mysql.hpp"
#include "dialects/mysql_key.hpp"
#include "dialects/oracle.hpp"
#include "dialects/oracle_key.hpp"
#include "dialects/postgresql.hpp"
#include "dialects/postgresql_key.hpp"

#include <string>
#include <utility>

namespace dlock::detail {
namespace {

// What the library knows of one database.
struct Entry {
    Capabilities (*capabilities)(const Server&);
    ActualKey (*make_key)(const LockOptions&, const Key&);
    void (*check_key)(const Server&, const LockOptions&, const ActualKey&, const Key&);
    std::unique_ptr<Dialect> (*make_dialect)(const Server&, const LockOptions&, const ActualKey&);
};

constexpr Entry postgresql{
    [](const Server&) { return postgresql_capabilities(); },
    [](const LockOptions&, const Key& key) { return make_postgresql_key(key); },
    [](const Server&, const LockOptions&, const ActualKey& actual, const Key& key) {
        check_postgresql_key(actual, key);
    },
    [](const Server& server, const LockOptions& options, const ActualKey& key) {
        return make_postgresql_dialect({.server_version = server.version,
                                        .xact = options.xact,
                                        .check_identity = options.pooler == Pooler::refused,
                                        .mark = server.mark,
                                        .allow_stale_snapshot = options.allow_stale_snapshot},
                                       key);
    }};

// Before MySQL 5.7.5 and MariaDB 10.0.2, GET_LOCK freed the session's earlier lock. The waits need
// MySQL's MAX_EXECUTION_TIME hint (5.7.8) and MariaDB's SET STATEMENT (10.1.2).
constexpr int oldest_mysql = 50708;
constexpr int oldest_mariadb = 100102;

MysqlFlavour flavour_of(const Server& server) {
    return server.product == Product::mariadb ? MysqlFlavour::mariadb : MysqlFlavour::mysql;
}

constexpr Entry mysql{
    [](const Server& server) {
        const MysqlFlavour flavour = flavour_of(server);
        if (server.version < (flavour == MysqlFlavour::mariadb ? oldest_mariadb : oldest_mysql)) {
            throw LockError(errc::not_supported,
                            "this server is too old for locks that can be trusted; MySQL 5.7.8 or "
                            "MariaDB 10.1.2 is needed");
        }
        return mysql_capabilities(flavour);
    },
    [](const LockOptions&, const Key& key) { return make_mysql_key(key); },
    [](const Server& server, const LockOptions&, const ActualKey& actual, const Key& key) {
        check_mysql_key(actual, key, flavour_of(server));
    },
    [](const Server& server, const LockOptions& options, const ActualKey& key) {
        return make_mysql_dialect(
            {.flavour = flavour_of(server), .check_identity = options.pooler == Pooler::refused},
            key);
    }};

constexpr Entry mssql{
    [](const Server&) { return mssql_capabilities(); },
    [](const LockOptions&, const Key& key) { return make_mssql_key(key); },
    [](const Server&, const LockOptions&, const ActualKey& actual, const Key& key) {
        check_mssql_key(actual, key);
    },
    [](const Server&, const LockOptions& options, const ActualKey& key) {
        return make_mssql_dialect(
            {.xact = options.xact, .db_principal = options.db_principal.value_or("")}, key);
    }};

constexpr Entry oracle{
    [](const Server&) { return oracle_capabilities(); },
    [](const LockOptions& options, const Key& key) {
        return options.allocate_unique ? make_oracle_name(key) : make_oracle_key(key);
    },
    [](const Server&, const LockOptions& options, const ActualKey& actual, const Key& key) {
        options.allocate_unique ? check_oracle_name(actual, key) : check_oracle_key(actual, key);
    },
    [](const Server&, const LockOptions& options, const ActualKey& key) {
        return make_oracle_dialect(
            {.xact = options.xact, .allocate_unique = options.allocate_unique}, key);
    }};

const Entry& entry_of(Product product) {
    switch (product) {
        case Product::postgresql:
            return postgresql;
        case Product::mysql:
        case Product::mariadb:
            return mysql;
        case Product::mssql:
            return mssql;
        case Product::oracle:
            return oracle;
    }
    throw LockError(errc::not_supported, "no locks are known for this database");
}

}  // namespace

Capabilities capabilities_of(const Server& server) {
    return entry_of(server.product).capabilities(server);
}

LockParts make_parts(const Server& server, const Key& key, LockOptions options,
                     const MakeDriver& make_driver) {
    const Entry& entry = entry_of(server.product);
    Capabilities capabilities = entry.capabilities(server);
    check_options(options, capabilities, key);
    ActualKey actual = options.converter ? options.converter(key) : entry.make_key(options, key);
    entry.check_key(server, options, actual, key);
    auto dialect = entry.make_dialect(server, options, actual);
    auto driver = make_driver(options);
    return {.key = key,
            .actual_key = std::move(actual),
            .options = std::move(options),
            .capabilities = std::move(capabilities),
            .driver = std::move(driver),
            .dialect = std::move(dialect)};
}

void check_options(const LockOptions& options, const Capabilities& capabilities, const Key& key) {
    const auto refuse = [&](errc error, const std::string& text) {
        throw LockError(error, capabilities.database + ": " + text, key.to_string());
    };
    if (options.shared && options.mode.has_value() && *options.mode != Mode::shared) {
        refuse(errc::invalid_option, "`shared` and `mode` ask for different modes");
    }
    if (!capabilities.modes.contains(options.effective_mode())) {
        refuse(errc::not_supported, options.shared
                                        ? "the option `shared` is not supported"
                                        : "the option `mode` has a mode that is not supported");
    }
    if (options.xact && !capabilities.xact) {
        refuse(errc::not_supported, "the option `xact` is not supported");
    }
    if (options.fencing && options.xact) {
        refuse(errc::invalid_option,
               "`fencing` goes with session-level locks: what is written in the transaction of an "
               "`xact` lock needs no token");
    }
    if (const std::string principal = options.db_principal.value_or(""); !principal.empty()) {
        if (!capabilities.principals) {
            refuse(errc::not_supported, "the option `db_principal` is not supported");
        }
        if (!is_mssql_principal(principal)) {
            refuse(errc::invalid_option,
                   "`db_principal` must be UTF-8 of at most 128 UTF-16 units, without NUL");
        }
    }
    if (options.allocate_unique && !capabilities.allocated_names) {
        refuse(errc::not_supported, "the option `allocate_unique` is not supported");
    }
    if (options.poll_interval <= Duration::zero()) {
        refuse(errc::invalid_option, "`poll_interval` must be above zero");
    }
    if (!(options.poll_jitter >= 0.0 && options.poll_jitter <= 1.0)) {
        refuse(errc::invalid_option, "`poll_jitter` must be from 0 to 1");
    }
    if (options.slice <= Duration::zero()) {
        refuse(errc::invalid_option, "`slice` must be above zero");
    }
    if (options.verify_interval.has_value()) {
        if (*options.verify_interval < std::chrono::milliseconds(10)) {
            refuse(errc::invalid_option, "`verify_interval` must be at least 10 ms");
        }
        if (options.xact) {
            refuse(errc::invalid_option,
                   "`verify_interval` needs the session to itself, a transaction uses it");
        }
    }
}

}  // namespace dlock::detail
