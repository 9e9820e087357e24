// The limits of each database's keys: at, below and above.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/mssql_key.hpp"
#include "dialects/mysql_key.hpp"
#include "dialects/oracle_key.hpp"
#include "dialects/postgresql_key.hpp"
#include "dialects/sqlite_key.hpp"

#include <dlock/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

namespace dlock::detail {
namespace {

using testing::HasSubstr;

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();

std::string repeat(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

Bytes bytes(const std::string& text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    return {begin, begin + text.size()};
}

// The message of the error that `convert` throws for `key`, empty if it throws none.
template <class Convert>
std::string message_of(const Key& key, Convert convert) {
    try {
        convert();
    } catch (const LockError& error) {
        EXPECT_EQ(error.which(), errc::invalid_key);
        EXPECT_EQ(error.key(), key.to_string());
        EXPECT_THAT(error.what(), testing::EndsWith(": the key does not fit the database"));
        return error.what();
    }
    return "";
}

std::string postgresql(const Key& key) {
    return message_of(key, [&] { check_postgresql_key(make_postgresql_key(key), key); });
}
std::string mysql(const Key& key) {
    return message_of(key, [&] { check_mysql_key(make_mysql_key(key), key, MysqlFlavour::mysql); });
}
std::string mariadb(const Key& key) {
    return message_of(key,
                      [&] { check_mysql_key(make_mysql_key(key), key, MysqlFlavour::mariadb); });
}
std::string mssql(const Key& key) {
    return message_of(key, [&] { check_mssql_key(make_mssql_key(key), key); });
}
std::string oracle(const Key& key) {
    return message_of(key, [&] { check_oracle_key(make_oracle_key(key), key); });
}
std::string sqlite(const Key& key) {
    return message_of(key, [&] { check_sqlite_key(make_sqlite_key(key), key); });
}

std::int64_t number(const ActualKey& actual) {
    return std::get<std::int64_t>(actual.value());
}
std::string name(const ActualKey& actual) {
    return std::get<std::string>(actual.value());
}

TEST(PostgresqlKey, Conversions) {
    EXPECT_EQ(number(make_postgresql_key("my-resource-key")), -8735762693110921056);
    EXPECT_EQ(number(make_postgresql_key(bytes("my-resource-key"))), -8735762693110921056);
    EXPECT_EQ(number(make_postgresql_key(least)), least);
    EXPECT_EQ(number(make_postgresql_key(greatest)), greatest);
    EXPECT_EQ(make_postgresql_key(Int32Pair{-1, 2}), ActualKey(Int32Pair{-1, 2}));
    EXPECT_NE(make_postgresql_key(1), make_postgresql_key("1"));
}

TEST(PostgresqlKey, TakesEveryText) {
    EXPECT_EQ(postgresql(""), "");
    EXPECT_EQ(postgresql(std::string("a\0b", 3)), "");
    EXPECT_EQ(postgresql(repeat("🔒", 10000)), "");
    EXPECT_EQ(postgresql(bytes("\xff")), "");
}

TEST(PostgresqlKey, RefusesTextThatPythonWouldHashToAnotherKey) {
    EXPECT_THAT(postgresql("caf\xe9"), HasSubstr("not UTF-8"));
}

TEST(PostgresqlKey, ConverterOfTheWrongKind) {
    const Key key("k");
    EXPECT_THAT(message_of(key, [&] { check_postgresql_key(ActualKey(std::string("n")), key); }),
                HasSubstr("the converter returned a name"));
    check_postgresql_key(ActualKey(least), key);
    check_postgresql_key(ActualKey(Int32Pair{}), key);
}

TEST(MysqlKey, Conversions) {
    EXPECT_EQ(name(make_mysql_key(" Key ")), " Key ");
    EXPECT_EQ(name(make_mysql_key(bytes("ключ"))), "ключ");
    EXPECT_EQ(name(make_mysql_key(least)), "-9223372036854775808");
    EXPECT_EQ(make_mysql_key(1), make_mysql_key("1"));
}

TEST(MysqlKey, SixtyFourCharacters) {
    for (const char* character : {"x", "é", "日"}) {
        EXPECT_EQ(mysql(repeat(character, 63)), "");
        EXPECT_EQ(mysql(repeat(character, 64)), "");
        EXPECT_THAT(mysql(repeat(character, 65)),
                    HasSubstr("has 65 characters and MySQL takes at most 64"));
        EXPECT_THAT(mysql(bytes(repeat(character, 65))), HasSubstr("65 characters"));
    }
}

TEST(MysqlKey, NoCharactersAboveTheBasicPlane) {
    EXPECT_EQ(mysql("\uffff"), "");
    EXPECT_THAT(mysql("\U00010000"),
                HasSubstr("above U+FFFF (emoji, for example) in the lock name: 1, and"));
    EXPECT_THAT(mysql("a🔒b🔒"), HasSubstr("in the lock name: 2, and"));
}

TEST(MariadbKey, HundredAndNinetyTwoBytes) {
    EXPECT_EQ(mariadb(repeat("x", 191)), "");
    EXPECT_EQ(mariadb(repeat("x", 192)), "");
    EXPECT_THAT(mariadb(repeat("x", 193)),
                HasSubstr("has 193 bytes and MariaDB takes at most 192"));
    EXPECT_EQ(mariadb(repeat("é", 96)), "");
    EXPECT_THAT(mariadb(repeat("é", 96) + "x"), HasSubstr("193 bytes"));
    EXPECT_EQ(mariadb(repeat("日", 64)), "");
    EXPECT_THAT(mariadb(repeat("日", 65)), HasSubstr("195 bytes"));
    EXPECT_EQ(mariadb(repeat("🔒", 48)), "");
    EXPECT_THAT(mariadb(repeat("🔒", 49)), HasSubstr("196 bytes"));
}

TEST(MssqlKey, TwoHundredAndFiftyFiveUtf16Units) {
    for (const char* character : {"x", "é", "日"}) {
        EXPECT_EQ(mssql(repeat(character, 254)), "");
        EXPECT_EQ(mssql(repeat(character, 255)), "");
        EXPECT_THAT(mssql(repeat(character, 256)),
                    HasSubstr("has 256 UTF-16 units and SQL Server takes at most 255"));
    }
    EXPECT_EQ(mssql(repeat("🔒", 127)), "");
    EXPECT_EQ(mssql(repeat("🔒", 127) + "x"), "");
    EXPECT_THAT(mssql(repeat("🔒", 128)), HasSubstr("256 UTF-16 units"));
    EXPECT_THAT(mssql(bytes(repeat("🔒", 128))), HasSubstr("256 UTF-16 units"));
}

TEST(MssqlKey, PrincipalsOfHundredAndTwentyEightUtf16Units) {
    for (const std::string& good :
         {std::string("p"), repeat("x", 128), repeat("\xf0\x9f\x98\x80", 64)}) {
        EXPECT_TRUE(is_mssql_principal(good));
    }
    for (const std::string& bad : {std::string(), repeat("x", 129), std::string("a\0b", 3),
                                   repeat("\xf0\x9f\x98\x80", 64) + "x", std::string("\xff")}) {
        EXPECT_FALSE(is_mssql_principal(bad));
    }
}

TEST(MssqlKey, Conversions) {
    EXPECT_EQ(name(make_mssql_key(" Key ")), " Key ");
    EXPECT_EQ(name(make_mssql_key(bytes("a🔒"))), "a🔒");
    EXPECT_EQ(name(make_mssql_key(-7)), "-7");
}

TEST(NameKeys, WhatNoServerTakes) {
    for (auto* refusal : {mysql, mariadb, mssql}) {
        EXPECT_THAT(refusal(""), HasSubstr("is empty"));
        EXPECT_THAT(refusal(Bytes()), HasSubstr("is empty"));
        EXPECT_THAT(refusal(std::string("a\0b", 3)), HasSubstr("contains a NUL"));
        EXPECT_THAT(refusal(std::string("\0", 1)), HasSubstr("contains a NUL"));
        EXPECT_THAT(refusal("caf\xe9"), HasSubstr("is not UTF-8"));
        EXPECT_THAT(refusal(bytes(std::string("\0\xff", 2))), HasSubstr("is not UTF-8"));
        EXPECT_THAT(refusal(bytes("a\xff")), HasSubstr("is not UTF-8"));
        EXPECT_THAT(refusal("\xed\xa0\x80"), HasSubstr("is not UTF-8"));
        EXPECT_THAT(refusal(Int32Pair{1, 2}), HasSubstr("no keys that are pairs"));
        EXPECT_EQ(refusal("'; DROP TABLE locks; -- :x ? \\ \" \n"), "");
        EXPECT_EQ(refusal(least), "");
    }
}

TEST(NameKeys, TheMessageDoesNotQuoteTheKey) {
    for (auto* refusal : {mysql, mariadb, mssql}) {
        EXPECT_THAT(refusal(repeat("secret\n", 100)), testing::Not(HasSubstr("secret")));
    }
}

TEST(NameKeys, TheMessageNamesTheServer) {
    EXPECT_THAT(mysql(""), HasSubstr("MySQL"));
    EXPECT_THAT(mariadb(""), HasSubstr("MariaDB"));
    EXPECT_THAT(mssql(""), HasSubstr("SQL Server"));
}

TEST(NameKeys, ConvertersAreCheckedToo) {
    const Key key("k");
    const auto checks = {
        +[](const ActualKey& a, const Key& k) { check_mysql_key(a, k, MysqlFlavour::mysql); },
        +[](const ActualKey& a, const Key& k) { check_mysql_key(a, k, MysqlFlavour::mariadb); },
        +[](const ActualKey& a, const Key& k) { check_mssql_key(a, k); },
    };
    for (const auto check : checks) {
        const auto refusal = [&](const ActualKey& actual) {
            return message_of(key, [&] { check(actual, key); });
        };
        EXPECT_EQ(refusal(ActualKey(std::string("name"))), "");
        EXPECT_THAT(refusal(ActualKey(std::int64_t{1})), HasSubstr("takes a name"));
        EXPECT_THAT(refusal(ActualKey(Int32Pair{1, 2})), HasSubstr("takes a name"));
        EXPECT_THAT(refusal(ActualKey(std::string())), HasSubstr("is empty"));
        EXPECT_THAT(refusal(ActualKey(std::string(256, 'x'))), HasSubstr("256"));
    }
}

TEST(OracleKey, Conversions) {
    EXPECT_EQ(number(make_oracle_key("my-resource-key")), 453216416);
    EXPECT_EQ(number(make_oracle_key(bytes("my-resource-key"))), 453216416);
    EXPECT_EQ(number(make_oracle_key("")), 396404452);
    EXPECT_EQ(number(make_oracle_key(7)), 7);
}

TEST(OracleKey, ThirtyBits) {
    EXPECT_EQ(oracle(0), "");
    EXPECT_EQ(oracle(1073741823), "");
    EXPECT_THAT(oracle(1073741824),
                HasSubstr("the lock id is 1073741824 and Oracle takes 0 to 1073741823"));
    EXPECT_THAT(oracle(-1), HasSubstr("the lock id is -1"));
    EXPECT_THAT(oracle(least), HasSubstr("-9223372036854775808"));
    EXPECT_THAT(oracle(greatest), HasSubstr("9223372036854775807"));
}

TEST(OracleKey, OtherKinds) {
    EXPECT_EQ(oracle(std::string("a\0b", 3)), "");
    EXPECT_EQ(oracle(bytes("\xff")), "");
    EXPECT_THAT(oracle("caf\xe9"), HasSubstr("not UTF-8"));
    EXPECT_THAT(oracle(Int32Pair{1, 2}), HasSubstr("Oracle has no keys that are pairs"));

    const Key key("k");
    const auto refusal = [&](const ActualKey& actual) {
        return message_of(key, [&] { check_oracle_key(actual, key); });
    };
    EXPECT_EQ(refusal(ActualKey(std::int64_t{1073741823})), "");
    EXPECT_THAT(refusal(ActualKey(std::int64_t{1073741824})), HasSubstr("1073741824"));
    EXPECT_THAT(refusal(ActualKey(std::string("7"))), HasSubstr("takes an integer"));
    EXPECT_THAT(refusal(ActualKey(Int32Pair{1, 2})), HasSubstr("takes an integer"));
}

// The numbers were computed by Python's hashlib after the description in sqlite_key.hpp. They are
// fixed: another number is another lock.
std::string oracle_name(const Key& key) {
    return message_of(key, [&] { check_oracle_name(make_oracle_name(key), key); });
}

TEST(OracleName, Conversions) {
    EXPECT_EQ(make_oracle_name("key"), ActualKey("key"));
    EXPECT_EQ(make_oracle_name(bytes("key")), ActualKey("key"));
    EXPECT_EQ(make_oracle_name(-1), ActualKey("-1"));
}

TEST(OracleName, HundredAndTwentyEightBytes) {
    EXPECT_EQ(oracle_name(repeat("x", 128)), "");
    EXPECT_EQ(oracle_name(repeat("\xc3\xa9", 64)), "");
    EXPECT_THAT(oracle_name(repeat("x", 129)), HasSubstr("129 bytes"));
    EXPECT_THAT(oracle_name(repeat("\xc3\xa9", 65)), HasSubstr("130 bytes"));
}

TEST(OracleName, NotOneOfOraclesOwn) {
    for (const char* const name : {"ORA$", "ORA$x", "ora$x", "Ora$"}) {
        EXPECT_THAT(oracle_name(name), HasSubstr("ORA$")) << name;
    }
    for (const char* const name : {"ORA", "ORAx", "xORA$", "O", "OR\xc3\x81$"}) {
        EXPECT_EQ(oracle_name(name), "") << name;
    }
}

TEST(OracleName, WhatIsNoName) {
    EXPECT_THAT(oracle_name(""), HasSubstr("empty"));
    EXPECT_THAT(oracle_name("\xff"), HasSubstr("not UTF-8"));
    EXPECT_THAT(oracle_name(Key(std::string("a\0b", 3))), HasSubstr("NUL"));
    const Key key("key");
    EXPECT_THAT(message_of(key, [&] { check_oracle_name(ActualKey(std::int64_t{1}), key); }),
                HasSubstr("takes a name"));
}

TEST(SqliteKey, Conversions) {
    EXPECT_EQ(number(make_sqlite_key("")), 3797230976420062948);
    EXPECT_EQ(number(make_sqlite_key("my-resource-key")), 487609343743854752);
    EXPECT_EQ(number(make_sqlite_key(bytes("my-resource-key"))), 487609343743854752);
    EXPECT_EQ(number(make_sqlite_key(bytes("ключ-日本-🔒"))), 1183605965423058640);

    EXPECT_EQ(number(make_sqlite_key(0)), 2597955645547247853);
    EXPECT_EQ(number(make_sqlite_key(1)), 2356065511124513080);
    EXPECT_EQ(number(make_sqlite_key(-1)), 3525236986806032147);
    EXPECT_EQ(number(make_sqlite_key(greatest)), 3099348240234055757);
    EXPECT_EQ(number(make_sqlite_key(least)), 3792982019736520735);

    EXPECT_EQ(number(make_sqlite_key(Int32Pair{0, 0})), 3682203167889577761);
    EXPECT_EQ(number(make_sqlite_key(Int32Pair{1, 0})), 226107702983432637);
    EXPECT_EQ(number(make_sqlite_key(Int32Pair{0, 1})), 731890820220974705);
    EXPECT_EQ(number(make_sqlite_key(Int32Pair{-1, -1})), 2706726710009962536);
    EXPECT_EQ(number(make_sqlite_key(Int32Pair{-2147483647 - 1, 2147483647})), 4233609709481580297);
}

TEST(SqliteKey, KindsDoNotCollide) {
    const std::set<std::int64_t> all = {
        number(make_sqlite_key(1)), number(make_sqlite_key("1")),
        number(make_sqlite_key(Int32Pair{1, 0})), number(make_sqlite_key(Int32Pair{0, 1})),
        number(make_sqlite_key(Bytes{std::byte{1}, {}, {}, {}, {}, {}, {}, {}}))};
    EXPECT_EQ(all.size(), 5U);
}

TEST(SqliteKey, SixtyTwoBits) {
    for (int i = 0; i < 10000; ++i) {
        ASSERT_EQ(sqlite(i), "");
        ASSERT_EQ(sqlite(std::to_string(i)), "");
    }
    EXPECT_THAT(sqlite("caf\xe9"), HasSubstr("not UTF-8"));

    const Key key("k");
    const auto refusal = [&](const ActualKey& actual) {
        return message_of(key, [&] { check_sqlite_key(actual, key); });
    };
    EXPECT_EQ(refusal(ActualKey(std::int64_t{0})), "");
    EXPECT_EQ(refusal(ActualKey((std::int64_t{1} << 62) - 1)), "");
    EXPECT_THAT(refusal(ActualKey(std::int64_t{1} << 62)),
                HasSubstr("the key is 4611686018427387904"));
    EXPECT_THAT(refusal(ActualKey(std::int64_t{-1})), HasSubstr("the key is -1"));
    EXPECT_THAT(refusal(ActualKey(std::string("7"))), HasSubstr("takes an integer"));
    EXPECT_THAT(refusal(ActualKey(Int32Pair{1, 2})), HasSubstr("takes an integer"));
}

}  // namespace
}  // namespace dlock::detail
