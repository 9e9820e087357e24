// The default conversions against every vector of sqlalchemy-dlock.
// SPDX-License-Identifier: BSL-1.0
#include "key_vectors.hpp"

#include "dialects/mssql_key.hpp"
#include "dialects/mysql_key.hpp"
#include "dialects/oracle_key.hpp"
#include "dialects/postgresql_key.hpp"
#include "keys/utf8.hpp"

#include <dlock/error.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace dlock::test {
namespace {

using detail::MysqlFlavour;

// One database's pair of functions.
struct Conversion {
    std::string dialect;
    std::function<ActualKey(const Key&)> make;
    std::function<void(const ActualKey&, const Key&)> check;
};

Conversion conversion(const std::string& dialect) {
    if (dialect == "postgresql") {
        return {dialect, detail::make_postgresql_key, detail::check_postgresql_key};
    }
    if (dialect == "mysql" || dialect == "mariadb") {
        const auto flavour = dialect == "mysql" ? MysqlFlavour::mysql : MysqlFlavour::mariadb;
        return {dialect, detail::make_mysql_key,
                [flavour](const ActualKey& actual, const Key& key) {
                    detail::check_mysql_key(actual, key, flavour);
                }};
    }
    if (dialect == "mssql") {
        return {dialect, detail::make_mssql_key, detail::check_mssql_key};
    }
    return {dialect, detail::make_oracle_key, detail::check_oracle_key};
}

// The converters of the vectors; nothing where one returns what no ActualKey can be.
std::optional<ActualKey> converted(const std::string& convert) {
    static const std::map<std::string, ActualKey> results = {
        {"identity returning str", ActualKey(std::string("abc"))},
        {"returns int 7", ActualKey(std::int64_t{7})},
        {"returns 'y'*65", ActualKey(std::string(65, 'y'))},
        {"returns 'y'*256", ActualKey(std::string(256, 'y'))},
        {"returns crc32(utf8)", ActualKey(std::int64_t{891568578})},
    };
    const auto found = results.find(convert);
    return found == results.end() ? std::nullopt : std::optional(found->second);
}

// Why a key that sqlalchemy-dlock takes is refused here; empty if there is no good reason.
std::string reason_to_refuse(const std::string& dialect, const Key& key) {
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        const bool outside = *number < 0 || *number > 0x3fffffff;
        return dialect == "oracle" && outside ? "outside 0..2^30-1" : "";
    }
    std::string text;
    if (const auto* bytes = std::get_if<Bytes>(&key.value())) {
        text.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    } else {
        text = std::get<std::string>(key.value());
    }
    if (dialect == "postgresql" || dialect == "oracle") {
        return "";
    }
    if (text.empty()) {
        return "empty";
    }
    if (text.find('\0') != std::string::npos) {
        return "NUL";
    }
    const auto length = detail::utf8_length(text);
    if (!length) {
        return "half a surrogate pair";
    }
    if (dialect == "mysql" && length->supplementary > 0) {
        return "above U+FFFF";
    }
    if (dialect == "mariadb" && text.size() > 192) {
        return "over 192 bytes";
    }
    if (dialect == "mssql" && length->utf16_units() > 255) {
        return "over 255 UTF-16 units";
    }
    return "";
}

// How one vector came out; fails the test where that is not as it should be.
std::string outcome(const Vector& vector, const Conversion& conversion) {
    const std::string convert = vector.json.value("convert", "");
    if (!convert.empty() && !converted(convert)) {
        return "no such ActualKey: converter " + convert;
    }
    // PostgreSQL tells integers from text, so that the text of a number is no stand-in for it;
    // Oracle hashes the text of a float, but not that of an integer.
    const bool by_text = !vector.key && vector.text && vector.dialect != "postgresql" &&
                         (vector.dialect != "oracle" || vector.type == "float");
    if (!vector.key && !by_text) {
        return no_such_key(vector.type);
    }
    const Key key = by_text ? Key(*vector.text) : *vector.key;

    std::optional<ActualKey> actual;
    try {
        actual = convert.empty() ? conversion.make(key) : *converted(convert);
        conversion.check(*actual, key);
    } catch (const LockError& error) {
        EXPECT_EQ(error.which(), errc::invalid_key);
        EXPECT_EQ(error.key(), key.to_string());
        if (vector.refused) {
            return convert.empty() ? "refused by both" : "converted, refused by both";
        }
        const std::string reason = reason_to_refuse(vector.dialect, key);
        EXPECT_FALSE(reason.empty()) << error.what();
        return "refused here: " + reason;
    }

    if (vector.refused) {
        if (vector.type == "tuple") {
            EXPECT_EQ(vector.dialect, "postgresql");
            return "taken here: a pair of int32";
        }
        // sqlalchemy-dlock has MySQL's limit of 64 characters on MariaDB too.
        EXPECT_EQ(vector.dialect, "mariadb");
        EXPECT_TRUE(reason_to_refuse(vector.dialect, key).empty());
        return "taken here: up to 192 bytes on MariaDB";
    }
    EXPECT_TRUE(vector.actual.has_value());
    EXPECT_EQ(actual, vector.actual) << actual->to_string();
    if (!convert.empty()) {
        return "converted, equal";
    }
    return by_text ? "equal as text: " + vector.type : "equal";
}

void compare(const std::string& dialect, const Tally& expected) {
    const Conversion functions = conversion(dialect);
    Tally tally;
    for (const Vector& vector : load_vectors("sqlalchemy-dlock", dialect)) {
        SCOPED_TRACE(vector.json.dump());
        ++tally[outcome(vector, functions)];
    }
    EXPECT_EQ(tally, expected);
}

TEST(KeyVectors, PostgresqlAgreesWithSqlalchemyDlock) {
    const Tally expected = {
        {"converted, equal", 2},
        {"converted, refused by both", 2},
        {"equal", 32},
        {"no such ActualKey: converter returns 2**63", 1},
        {"no such ActualKey: converter returns None", 1},
        {"no such ActualKey: converter returns True", 1},
        {"no such ActualKey: converter returns float", 1},
        {"no such Key: bool, Key(bool) is deleted: true as a key is a mistake", 1},
        {"no such Key: float, Key(double) is deleted: equal numbers have unequal texts", 13},
        {"no such Key: int, outside int64", 5},
        {"no such Key: none, no kind of key", 1},
        {"no such Key: object, no kind of key", 3},
        {"no such Key: tuple, no kind of key, unless it is two int32", 1},
        {"refused by both", 1},
        {"taken here: a pair of int32", 1},
    };
    compare("postgresql", expected);
}

TEST(KeyVectors, MysqlAgreesWithSqlalchemyDlock) {
    const Tally expected = {
        {"converted, refused by both", 2},
        {"equal", 27},
        {"equal as text: bool", 2},
        {"equal as text: float", 12},
        {"equal as text: int", 5},
        {"no such ActualKey: converter returns 2**63", 1},
        {"no such ActualKey: converter returns True", 1},
        {"no such Key: list, no kind of key", 1},
        {"no such Key: object, no kind of key", 3},
        {"refused by both", 16},
        {"refused here: NUL", 1},
        {"refused here: above U+FFFF", 2},
        {"refused here: empty", 1},
        {"refused here: half a surrogate pair", 1},
    };
    compare("mysql", expected);
}

TEST(KeyVectors, MariadbAgreesWithSqlalchemyDlock) {
    const Tally expected = {
        {"converted, equal", 1},
        {"converted, refused by both", 2},
        {"equal", 23},
        {"equal as text: bool", 1},
        {"equal as text: float", 7},
        {"equal as text: int", 6},
        {"no such ActualKey: converter returns -2**63-1", 1},
        {"no such ActualKey: converter returns 2**63", 1},
        {"no such ActualKey: converter returns True", 1},
        {"no such ActualKey: converter returns bytes", 1},
        {"no such ActualKey: converter returns float", 1},
        {"no such Key: list, no kind of key", 1},
        {"no such Key: none, no kind of key", 1},
        {"no such Key: object, no kind of key", 3},
        {"no such Key: tuple, no kind of key, unless it is two int32", 1},
        {"refused by both", 9},
        {"refused here: NUL", 1},
        {"refused here: empty", 1},
        {"refused here: over 192 bytes", 1},
        {"taken here: up to 192 bytes on MariaDB", 5},
    };
    compare("mariadb", expected);
}

TEST(KeyVectors, MssqlAgreesWithSqlalchemyDlock) {
    const Tally expected = {
        {"converted, equal", 2},
        {"converted, refused by both", 3},
        {"equal", 33},
        {"equal as text: bool", 1},
        {"equal as text: float", 9},
        {"equal as text: int", 3},
        {"no such ActualKey: converter returns -2**63-1", 1},
        {"no such ActualKey: converter returns 2**63", 1},
        {"no such ActualKey: converter returns bytes", 1},
        {"no such Key: list, no kind of key", 1},
        {"no such Key: object, no kind of key", 1},
        {"no such Key: tuple, no kind of key, unless it is two int32", 1},
        {"refused by both", 7},
        {"refused here: NUL", 1},
        {"refused here: empty", 1},
        {"refused here: over 255 UTF-16 units", 2},
    };
    compare("mssql", expected);
}

TEST(KeyVectors, OracleAgreesWithSqlalchemyDlock) {
    const Tally expected = {
        {"converted, equal", 1},
        {"converted, refused by both", 2},
        {"equal", 34},
        {"equal as text: float", 12},
        {"no such ActualKey: converter returns -2**63-1", 1},
        {"no such ActualKey: converter returns 2**63", 1},
        {"no such ActualKey: converter returns bytes", 1},
        {"no such ActualKey: converter returns float", 1},
        {"no such Key: bool, Key(bool) is deleted: true as a key is a mistake", 2},
        {"no such Key: int, outside int64", 5},
        {"no such Key: object, no kind of key", 1},
        {"refused by both", 1},
        {"refused here: outside 0..2^30-1", 9},
    };
    compare("oracle", expected);
}

}  // namespace
}  // namespace dlock::test
