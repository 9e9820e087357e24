// Which options each database takes, without a session.
// SPDX-License-Identifier: BSL-1.0
#include "products.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

constexpr Server servers[] = {
    {.product = Product::postgresql, .version = 150020},
    {.product = Product::mysql, .version = 80036},
    {.product = Product::mariadb, .version = 101106},
    {.product = Product::mssql},
    {.product = Product::oracle},
};

// The error that the options are refused with on the server; nothing if they are taken.
std::optional<errc> refusal(Product product, const LockOptions& options) {
    for (const Server& server : servers) {
        if (server.product == product) {
            try {
                check_options(options, capabilities_of(server), Key("key"));
                return std::nullopt;
            } catch (const LockError& error) {
                EXPECT_EQ(error.key(), "key");
                return error.which();
            }
        }
    }
    ADD_FAILURE() << "no such product";
    return std::nullopt;
}

TEST(Products, each_has_locks_and_takes_the_default_options) {
    for (const Server& server : servers) {
        EXPECT_EQ(refusal(server.product, {}), std::nullopt);
    }
    EXPECT_EQ(capabilities_of({.product = Product::mssql}).database, "SQL Server");
    EXPECT_EQ(capabilities_of({.product = Product::oracle}).database, "Oracle");
}

TEST(Products, a_database_principal_is_for_sql_server_only) {
    for (const Server& server : servers) {
        EXPECT_EQ(
            refusal(server.product, {.db_principal = "dbo"}),
            server.product == Product::mssql ? std::nullopt : std::optional(errc::not_supported));
    }
}

TEST(Products, a_database_principal_has_the_length_of_a_sysname) {
    std::string pairs;
    for (int i = 0; i < 64; ++i) {
        pairs += "\xf0\x9f\x98\x80";
    }
    for (const std::string& good : {std::string(128, 'p'), pairs, std::string("r\xc3\xb6le")}) {
        EXPECT_EQ(refusal(Product::mssql, {.db_principal = good}), std::nullopt);
    }
    for (const std::string& bad :
         {std::string(129, 'p'), pairs + "p", std::string("a\0b", 3), std::string("r\xf6le")}) {
        EXPECT_EQ(refusal(Product::mssql, {.db_principal = bad}), errc::invalid_option);
    }
}

TEST(Products, allocated_names_are_for_oracle_only) {
    for (const Server& server : servers) {
        EXPECT_EQ(
            refusal(server.product, {.allocate_unique = true}),
            server.product == Product::oracle ? std::nullopt : std::optional(errc::not_supported));
    }
}

TEST(Products, an_allocated_name_is_the_key_itself_and_else_the_key_is_hashed) {
    const auto no_driver = [](const LockOptions&) { return std::unique_ptr<Driver>(); };
    const auto actual = [&](const Key& key, const LockOptions& options) {
        return make_parts({.product = Product::oracle}, key, options, no_driver).actual_key;
    };
    EXPECT_EQ(actual("key", {.allocate_unique = true}), ActualKey("key"));
    EXPECT_EQ(actual(7, {.allocate_unique = true}), ActualKey("7"));
    EXPECT_EQ(actual(7, {}), ActualKey(std::int64_t{7}));
    EXPECT_EQ(actual("any", {.converter = [](const Key&) { return ActualKey("converted"); },
                             .allocate_unique = true}),
              ActualKey("converted"));
    EXPECT_THROW((void)actual("ORA$x", {.allocate_unique = true}), LockError);
}

TEST(Products, modes_that_only_one_database_has_are_refused_by_the_others) {
    const struct {
        Mode mode;
        bool mssql;
        bool oracle;
    } cases[] = {{Mode::exclusive, true, true},
                 {Mode::shared, true, true},
                 {Mode::update, true, false},
                 {Mode::intent_shared, true, true},
                 {Mode::intent_exclusive, true, true},
                 {Mode::shared_intent_exclusive, false, true},
                 {Mode::null, false, true}};
    for (const auto& [mode, mssql, oracle] : cases) {
        EXPECT_EQ(refusal(Product::mssql, {.mode = mode}) == std::nullopt, mssql);
        EXPECT_EQ(refusal(Product::oracle, {.mode = mode}) == std::nullopt, oracle);
    }
}

TEST(Products, locks_of_the_transaction_are_taken_where_there_are_any) {
    for (const Server& server : servers) {
        const bool has = server.product != Product::mysql && server.product != Product::mariadb;
        EXPECT_EQ(refusal(server.product, {.xact = true}) == std::nullopt, has);
    }
}

}  // namespace
}  // namespace dlock::detail
