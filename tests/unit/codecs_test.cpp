// The codecs against every vector of the libraries that they speak for.
// SPDX-License-Identifier: BSL-1.0
#include "key_vectors.hpp"

#include <dlock/codecs.hpp>
#include <dlock/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dlock::test {
namespace {

using testing::HasSubstr;

// Of which types the text is the same key to a library, so that where C++ has no such key the text
// can be given in its place.
using SameAsText = std::set<std::string>;

// How one vector came out; fails the test where that is not as it should be.
std::string outcome(const Vector& vector, const Converter& codec, const SameAsText& same_as_text) {
    if (vector.json.value("unstable", false)) {
        return "another key in each process";
    }
    std::string how = "equal";
    std::optional<Key> key = vector.key;
    if (!key && vector.text && same_as_text.contains(vector.type)) {
        key = Key(*vector.text);
        how += " as text: " + vector.type;
    }
    if (!key || (vector.type == "bytearray" && vector.peer == "py-postgresql-lock")) {
        return no_such_key(vector.type);
    }
    std::optional<ActualKey> actual;
    try {
        actual = codec(*key);
    } catch (const LockError& error) {
        EXPECT_EQ(error.which(), errc::invalid_key);
        EXPECT_EQ(error.key(), key->to_string());
        if (vector.json.contains("actual_utf16be_hex")) {
            return "refused here: half a surrogate pair";
        }
        EXPECT_TRUE(vector.refused) << error.what();
        return "refused by both";
    }
    EXPECT_TRUE(vector.actual.has_value());
    EXPECT_EQ(actual, vector.actual) << actual->to_string();
    return how;
}

using ChooseCodec = std::function<Converter(const nlohmann::json&)>;

void compare(const std::string& peer, const std::string& dialect, const ChooseCodec& codec,
             const SameAsText& same_as_text, const Tally& expected) {
    Tally tally;
    for (const Vector& vector : load_vectors(peer, dialect)) {
        SCOPED_TRACE(vector.json.dump());
        ++tally[outcome(vector, codec(vector.json), same_as_text)];
    }
    EXPECT_EQ(tally, expected);
}

ChooseCodec always(Converter codec) {
    return [codec = std::move(codec)](const nlohmann::json&) { return codec; };
}

std::string prefix_of(const nlohmann::json& vector) {
    return vector.contains("env")
               ? vector.at("env").at("WITH_ADVISORY_LOCK_PREFIX").get<std::string>()
               : "";
}

ActualKey bigint(std::int64_t number) {
    return ActualKey(number);
}
ActualKey pair(std::int32_t first, std::int32_t second) {
    return ActualKey(Int32Pair{first, second});
}
ActualKey name(const std::string& text) {
    return ActualKey(text);
}

std::string refusal(const Converter& codec, const Key& key) {
    try {
        codec(key);
    } catch (const LockError& error) {
        EXPECT_EQ(error.which(), errc::invalid_key);
        EXPECT_EQ(error.key(), key.to_string());
        return error.what();
    }
    return "";
}

std::string repeat(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

TEST(Codecs, PyPostgresqlLock) {
    const Tally expected = {
        {"another key in each process", 2},
        {"equal", 38},
        {"equal as text: bool", 2},
        {"equal as text: float", 8},
        {"equal as text: int", 5},
        {"no such Key: bytearray, Bytes are bytes, and this is another key", 1},
        {"no such Key: list, no kind of key", 1},
        {"no such Key: tuple, no kind of key, unless it is two int32", 1},
        {"refused by both", 1},
    };
    compare("py-postgresql-lock", "postgresql", always(codecs::py_postgresql_lock),
            {"bool", "float", "int"}, expected);
}

TEST(Codecs, DjangoPglocks) {
    const Tally expected = {
        {"equal", 32},
        {"no such Key: bool, Key(bool) is deleted: true as a key is a mistake", 1},
        {"no such Key: float, Key(double) is deleted: equal numbers have unequal texts", 10},
        {"no such Key: int, outside int64", 5},
        {"no such Key: list, no kind of key", 1},
        {"no such Key: object, no kind of key", 2},
        {"no such Key: tuple, no kind of key, unless it is two int32", 1},
        {"refused by both", 10},
    };
    compare("django-pglocks", "postgresql", always(codecs::django_pglocks), {}, expected);
}

TEST(Codecs, WithAdvisoryLockPostgresql) {
    const Tally expected = {
        {"equal", 38},
        {"no such Key: float, Key(double) is deleted: equal numbers have unequal texts", 10},
        {"no such Key: int, outside int64", 4},
    };
    compare(
        "with_advisory_lock", "postgresql",
        [](const nlohmann::json& vector) {
            return codecs::with_advisory_lock_postgresql(prefix_of(vector));
        },
        {}, expected);
}

TEST(Codecs, WithAdvisoryLockMysql) {
    const Tally expected = {
        {"equal", 44},
        {"equal as text: int", 4},
        {"no such Key: bool, Key(bool) is deleted: true as a key is a mistake", 1},
        {"no such Key: float, Key(double) is deleted: equal numbers have unequal texts", 7},
    };
    compare(
        "with_advisory_lock", "mysql",
        [](const nlohmann::json& vector) {
            return codecs::with_advisory_lock_mysql(prefix_of(vector));
        },
        {"int"}, expected);
}

TEST(Codecs, DistributedLockPostgresql) {
    const Tally expected = {
        {"equal", 32},
        {"refused by both", 14},
    };
    compare(
        "DistributedLock", "postgresql",
        [](const nlohmann::json& vector) -> Converter {
            return vector.at("options").at("allowHashing").get<bool>()
                       ? codecs::distributed_lock_postgresql
                       : codecs::distributed_lock_postgresql_exact;
        },
        {}, expected);
}

TEST(Codecs, DistributedLockMysql) {
    const Tally expected = {
        {"equal", 31},
    };
    compare("DistributedLock", "mysql", always(codecs::distributed_lock_mysql), {}, expected);
}

TEST(Codecs, DistributedLockMssql) {
    const Tally expected = {
        {"equal", 23},
        {"refused here: half a surrogate pair", 1},
    };
    compare("DistributedLock", "mssql", always(codecs::distributed_lock_mssql), {}, expected);
}

TEST(Codecs, DistributedLockOracle) {
    const Tally expected = {
        {"equal", 30},
    };
    compare("DistributedLock", "oracle", always([](const Key& key) {
                return ActualKey(codecs::distributed_lock_oracle_name(key));
            }),
            {}, expected);
}

// Vectors of libraries that the file has none of: from their own tests and documentation, or
// computed after their sources by Python's hashlib.

TEST(Codecs, PyPostgresqlLockOtherKinds) {
    EXPECT_EQ(codecs::py_postgresql_lock(Int32Pair{1, 2}), bigint(-8012537056454935569));
    EXPECT_EQ(codecs::py_postgresql_lock(Int32Pair{-1, 0}), bigint(-6290503787691854783));
    EXPECT_EQ(codecs::py_postgresql_lock(1), codecs::py_postgresql_lock("1"));
    // repr() chooses its quotes and escapes.
    EXPECT_EQ(codecs::py_postgresql_lock(to_bytes("it's")), bigint(-4962413821153041288));
    EXPECT_EQ(codecs::py_postgresql_lock(to_bytes("\"")), bigint(8109677017416627819));
    EXPECT_EQ(codecs::py_postgresql_lock(to_bytes("'\"")), bigint(-931033742168733777));
    EXPECT_EQ(codecs::py_postgresql_lock(to_bytes(std::string_view("\\\t\n\r\x00\x7f\x80 ~", 9))),
              bigint(-7853610076514236647));
}

TEST(Codecs, DjangoPglock) {
    EXPECT_EQ(codecs::django_pglock("my_lock_id"), bigint(-3531142854575798568));
    EXPECT_EQ(codecs::django_pglock(""), bigint(1449310910991872227));
    EXPECT_EQ(codecs::django_pglock("ключ"), bigint(-6877707262552775907));
    EXPECT_EQ(codecs::django_pglock(-7), bigint(-7));
    EXPECT_THAT(refusal(codecs::django_pglock, Int32Pair{1, 2}),
                HasSubstr("django-pglock has no key of this kind: give text or an integer"));
}

TEST(Codecs, Pals) {
    EXPECT_EQ(codecs::pals("myapp")("test-lock"), bigint(-3442812522869184866));
    EXPECT_EQ(codecs::pals("myapp")(""), bigint(-3114051925109847491));
    EXPECT_EQ(codecs::pals("myapp")("ключ"), bigint(-2368777126964876354));
    EXPECT_THAT(refusal(codecs::pals("myapp"), 1), HasSubstr("pals"));
}

TEST(Codecs, Sqlx) {
    EXPECT_EQ(codecs::sqlx("my first Postgres advisory lock!"), bigint(-5560419505042474287));
    EXPECT_EQ(codecs::sqlx("test-lock"), bigint(3080899430730826053));
    EXPECT_EQ(codecs::sqlx(""), bigint(8559922135585776354));
    EXPECT_EQ(codecs::sqlx("ключ"), bigint(6648385615309933817));
    EXPECT_EQ(codecs::sqlx(5), bigint(5));
    EXPECT_EQ(codecs::sqlx(Int32Pair{5, -6}), pair(5, -6));
    EXPECT_THAT(refusal(codecs::sqlx, to_bytes("test-lock")), HasSubstr("sqlx"));
}

TEST(Codecs, BindedAdvisoryLock) {
    EXPECT_EQ(codecs::binded_advisory_lock("test-lock"), pair(-107789403, -1898803861));
    EXPECT_EQ(codecs::binded_advisory_lock(Int32Pair{1, 2}), pair(1, 2));
    EXPECT_THAT(refusal(codecs::binded_advisory_lock, 1), HasSubstr("text or a pair"));
}

TEST(Codecs, SymfonyLock) {
    EXPECT_EQ(codecs::symfony_lock("test-lock"), bigint(31720046));
    EXPECT_EQ(codecs::symfony_lock("A"), bigint(3554254475));  // unsigned
    EXPECT_EQ(codecs::symfony_lock(""), bigint(0));
    EXPECT_EQ(codecs::symfony_lock(to_bytes("ключ")), bigint(212833818));
    EXPECT_THAT(refusal(codecs::symfony_lock, 1), HasSubstr("text or bytes"));
}

TEST(Codecs, PhpLock) {
    EXPECT_EQ(codecs::php_lock_postgresql("test-lock"), pair(-1071465303, 1013282873));
    EXPECT_EQ(codecs::php_lock_mysql("test-lock"), name("php-malkusch-lock:test-lock"));
    EXPECT_THAT(refusal(codecs::php_lock_mysql, Int32Pair{1, 2}), HasSubstr("php-lock"));
}

TEST(Codecs, WithAdvisoryLockDocumentedNames) {
    const Converter codec = codecs::with_advisory_lock_postgresql();
    EXPECT_EQ(codec("test-lock"), pair(31720046, 0));
    EXPECT_EQ(codec("lock"), pair(126851854, 0));
    EXPECT_EQ(codec("my_lock"), pair(1202238042, 0));
    EXPECT_EQ(codec("closure_tree"), pair(2085799232, 0));
    EXPECT_EQ(codecs::with_advisory_lock_mysql()("test-lock"), name("test-lock"));
    EXPECT_THAT(refusal(codec, Int32Pair{1, 2}), HasSubstr("text, bytes or an integer"));
}

// What Ruby's String#to_i makes of a prefix.
TEST(Codecs, WithAdvisoryLockPrefix) {
    const auto second = [](const char* prefix) {
        return std::get<Int32Pair>(codecs::with_advisory_lock_postgresql(prefix)(1).value()).second;
    };
    EXPECT_EQ(second(""), 0);
    EXPECT_EQ(second("app"), 0);
    EXPECT_EQ(second(" \t42 apps"), 42);
    EXPECT_EQ(second("+7"), 7);
    EXPECT_EQ(second("-1"), 0x7fffffff);
    EXPECT_EQ(second("-"), 0);
    EXPECT_EQ(second("1_000"), 1000);
    EXPECT_EQ(second("1__0"), 1);
    EXPECT_EQ(second("_1"), 0);
    EXPECT_EQ(second("1_"), 1);
    EXPECT_EQ(second("0x1f"), 0);
    EXPECT_EQ(second("2147483648"), 0);
    EXPECT_EQ(second("1000000000000000000000000000007"), 1073741831);
}

TEST(Codecs, LaravelAdvisoryLock) {
    EXPECT_EQ(codecs::laravel_advisory_lock_mysql("test-lock"), name("test-lock"));
    EXPECT_EQ(codecs::laravel_advisory_lock_mysql(repeat("k", 64)), name(repeat("k", 64)));
    EXPECT_EQ(codecs::laravel_advisory_lock_mysql(repeat("k", 65)),
              name(repeat("k", 24) + "e5f412114bfbd9c0a54966b9cbe0b4bd73568281"));
    EXPECT_EQ(codecs::laravel_advisory_lock_mysql(repeat("k", 70)),
              name(repeat("k", 24) + "93d56084f0d20f07f7b55f1e8dfc4a43b5252876"));
    EXPECT_EQ(codecs::laravel_advisory_lock_mysql(repeat("ж", 64)), name(repeat("ж", 64)));
    EXPECT_EQ(codecs::laravel_advisory_lock_mysql(repeat("ж", 70)),
              name(repeat("ж", 24) + "51072881e3c4080a7b07ead2442b716bb06111c5"));
    EXPECT_THAT(refusal(codecs::laravel_advisory_lock_mysql, "caf\xe9"), HasSubstr("UTF-8"));
}

// Answers of a PostgreSQL 15 server. The function takes 12 bytes at a time.
TEST(Codecs, HashtextAsTheServerComputesIt) {
    struct Answer {
        int size;
        std::int32_t hash;
        std::int64_t extended;
        std::int64_t seeded;  // with -5
    };
    const std::vector<Answer> answers = {
        {0, -1477818771, -6939563903564495251, 276691182281719003},
        {1, 1074944137, -474845166489675639, 8755650322980372983},
        {3, -1992236649, 329327039314190743, -8297353445787981478},
        {4, -1379736791, -7419183833418636503, -6495583488073519784},
        {5, -370454118, -3656957377792749158, 3067609365431865869},
        {7, -66683019, 4137546797390659445, -7849275105432632135},
        {8, -2126973000, -3500657154506295368, -1108161730731718842},
        {9, 1651296771, 3304607496289438211, 5953827065577984433},
        {11, -1494243903, 1400674333645317569, -1260799298481270462},
        {12, 631527812, -2459440608274261628, -1894743738818531582},
        {13, 28686851, 4585758890028022275, 2149540093894060909},
        {24, 1380215333, 8354420297927256613, -5264090762118076994},
        {25, 733930510, 3789499828392616974, -5796427431347847100},
        {100, 1174826790, -6927006773748011226, 6711586757454247779},
    };
    for (const Answer& answer : answers) {
        const std::string text(static_cast<std::size_t>(answer.size), 'x');
        EXPECT_EQ(codecs::postgresql_hashtext(text), bigint(answer.hash)) << answer.size;
        EXPECT_EQ(codecs::postgresql_hashtextextended()(text), bigint(answer.extended));
        EXPECT_EQ(codecs::postgresql_hashtextextended(-5)(text), bigint(answer.seeded));
    }
    EXPECT_EQ(codecs::postgresql_hashtext("test-lock"), bigint(905602228));
    EXPECT_EQ(codecs::postgresql_hashtext("ключ-日本-🔒"), bigint(-1117366008));
    EXPECT_EQ(codecs::postgresql_hashtextextended()("ключ-日本-🔒"), bigint(1863725963773630728));
}

TEST(Codecs, HashtextRefusesWhatPostgresqlHasNoTextFor) {
    EXPECT_THAT(refusal(codecs::postgresql_hashtext, std::string("a\0b", 3)), HasSubstr("NUL"));
    EXPECT_THAT(refusal(codecs::postgresql_hashtext, "caf\xe9"), HasSubstr("UTF-8"));
    EXPECT_THAT(refusal(codecs::postgresql_hashtextextended(), 1), HasSubstr("give text"));
}

TEST(Codecs, PgAdvisoryLock) {
    EXPECT_EQ(codecs::pg_advisory_lock()("test-lock"), bigint(6505849378068653236));
    EXPECT_EQ(codecs::pg_advisory_lock({"tenant-a"})("test-lock"), bigint(-2980853625815165858));
    EXPECT_EQ(codecs::pg_advisory_lock({"a", "b"})("test-lock"), bigint(-7729304715179727818));
    EXPECT_THROW((void)codecs::pg_advisory_lock({"caf\xe9"}), LockError);
}

TEST(Codecs, DistributedLockPostgresqlDocumentedNames) {
    const Converter codec = codecs::distributed_lock_postgresql;
    EXPECT_EQ(codec(""), pair(2147483647, -1));
    EXPECT_EQ(codec("abc"), pair(-1014293505, -1));
    EXPECT_EQ(codec("ASCII"), pair(-2092032871, 805306367));
    EXPECT_EQ(codec("base38"), pair(-980967850, 1847590911));
    EXPECT_EQ(codec("MyLockNam"), pair(-1679399172, 2061984218));
    EXPECT_EQ(codec("123456789"), pair(1657379654, -1382303630));
    EXPECT_EQ(codec(std::string("\0", 1)), pair(16777215, -1));
    EXPECT_EQ(codec(std::string(9, '\0')), pair(0, 0));
    EXPECT_EQ(codec("0000000000000001"), bigint(1));
    EXPECT_EQ(codec("00000003,ffffffff"), pair(3, -1));
    EXPECT_EQ(codec("MyLockName"), bigint(4062898426641073528));
    EXPECT_EQ(codec("some very long name"), bigint(1765484347666752899));
    EXPECT_EQ(codec("order:12345"), bigint(8474618495263301637));
    EXPECT_EQ(codec(-1), bigint(-1));
    EXPECT_EQ(codec(Int32Pair{1, 2}), pair(1, 2));
    EXPECT_THAT(refusal(codec, to_bytes("abc")), HasSubstr("text, an integer or a pair"));
}

// What looks like a key in hex but is not one is hashed.
TEST(Codecs, DistributedLockPostgresqlNearlyHex) {
    const std::map<std::string, std::int64_t> hashes = {
        {"000000000000000g", 657729152521244596},    {"-000000000000001", -7514017371066117054},
        {"+000000000000001", 8510548192079397173},   {"0000000000000 01", -2594952028943989667},
        {"00000003;ffffffff", 3631397326658488740},  {"0000003,ffffffffff", -5142149538573992621},
        {"00000000000000001", -1737481186710052528}, {"000000000000001", 5146413475359258700},
    };
    for (const auto& [text, hash] : hashes) {
        EXPECT_THAT(refusal(codecs::distributed_lock_postgresql_exact, text),
                    HasSubstr("allowHashing"));
        EXPECT_EQ(codecs::distributed_lock_postgresql(text), bigint(hash)) << text;
    }
}

TEST(Codecs, DistributedLockMysqlDocumentedNames) {
    const Converter codec = codecs::distributed_lock_mysql;
    EXPECT_EQ(codec(""), name("__empty__p6ad62yppho33ytkibum5wbqhqvbcsxa"));
    EXPECT_EQ(codec("abc"), name("abc"));
    EXPECT_EQ(codec("ABC"), name("abczj4qr6tvn4a3kmgq4bukhowqyfrlxsb3"));
    EXPECT_EQ(codec(repeat("x", 65)), name(repeat("x", 32) + "gkd2zq6c6ey6mhs45clqg7vij6ycgo43"));
    EXPECT_EQ(codec("MyLock"), name("mylock6isuyjwnkexb4ujf4m7j37hstmoxe3vx"));
    EXPECT_EQ(codec("ÄÖ"), name("äö4hp2gjj3pgazr3tzuhjyvpffrjmqdkzw"));
    EXPECT_EQ(codec("Straße"), name("straße5gnwahvvqde367vfq33mjl34bzeyl6sa"));
    EXPECT_EQ(codec("ДА"), name("даdt6etfpzvocvwypcibls5u7chs4twkan"));
    EXPECT_EQ(codec("İ"), name("İ"));
    EXPECT_THAT(refusal(codec, 1), HasSubstr("give text"));
}

TEST(Codecs, DistributedLockCutsNoCharacterInTwo) {
    const std::string whole = repeat("🔒", 32) + "x";  // the 32nd unit ends the 16th lock
    EXPECT_EQ(refusal(codecs::distributed_lock_mysql, whole), "");
    const std::string half = "x" + repeat("🔒", 32);
    EXPECT_THAT(refusal(codecs::distributed_lock_mysql, half),
                HasSubstr("cuts this name inside a character"));
    EXPECT_EQ(refusal(codecs::distributed_lock_mssql, "x" + repeat("🔒", 127)), "");  // 255 units
    EXPECT_EQ(refusal(codecs::distributed_lock_mssql, "x" + repeat("🔒", 128)), "");
    EXPECT_THAT(refusal(codecs::distributed_lock_mssql, repeat("🔒", 128)), HasSubstr("inside"));
}

TEST(Codecs, DistributedLockOtherDocumentedNames) {
    EXPECT_EQ(codecs::distributed_lock_mssql(""), name(""));
    EXPECT_EQ(codecs::distributed_lock_mssql(repeat("x", 255)), name(repeat("x", 255)));
    EXPECT_EQ(codecs::distributed_lock_mssql(repeat("x", 256)),
              name(repeat("x", 167) + "A3SOHbN+Zq/qt/fpO9dxauQ3kVj8wfeEbknAYembWJG1Xuf4CL0Dmx3u+"
                                      "dAWHzkFMdjQhlRnlAXtiH7ZMFjjsg=="));
    EXPECT_EQ(codecs::distributed_lock_oracle_name(""),
              "EMPTYz4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/"
              "SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==");
    EXPECT_EQ(codecs::distributed_lock_oracle_name(repeat("x", 128)), repeat("x", 128));
    EXPECT_EQ(codecs::distributed_lock_oracle_name(repeat("x", 129)),
              repeat("x", 40) +
                  "GQFUg+qZ+nRyj9exOtumtynPpKt8OIVz76JkHSrwV38k3VGsuu7EGnoR0Q9sTmij"
                  "uQ57I0jGeEhqQ2XJ2RAc3Q==");
}

TEST(Codecs, LibrariesOfUnicodeTextRefuseOtherText) {
    const std::vector<Converter> all = {
        codecs::py_postgresql_lock,
        codecs::django_pglocks,
        codecs::django_pglock,
        codecs::pals("app"),
        codecs::sqlx,
        codecs::binded_advisory_lock,
        codecs::pg_advisory_lock(),
        codecs::postgresql_hashtext,
        codecs::distributed_lock_postgresql,
        codecs::distributed_lock_mysql,
        codecs::distributed_lock_mssql,
        codecs::laravel_advisory_lock_mysql,
    };
    for (const Converter& codec : all) {
        EXPECT_THAT(refusal(codec, "a long name in Latin 1: caf\xe9"), HasSubstr("UTF-8"));
    }
}

// A short name with capitals becomes its lower case and 32 characters of hash.
TEST(Codecs, DistributedLockMysqlLowerCase) {
    const std::map<std::string, std::string> lower_cases = {
        {"AZaz09[@`{", "azaz09[@`{"}, {"ÀÞ×ßĀŸŽ", "àþ×ßāÿž"},         {"ΑΣΩЀЯ", "ασωѐя"},
        {"ẞK\u212a\u212b", "ßkkå"},   {"Ａ𐐀𞤀", "ａ𐐨𞤢"},
    };
    for (const auto& [text, lower_case] : lower_cases) {
        const std::string made = codecs::distributed_lock_mysql(text).to_string();
        ASSERT_EQ(made.size(), lower_case.size() + 32) << made;
        EXPECT_EQ(made.substr(0, lower_case.size()), lower_case);
    }
    for (const char* text : {"İı", "漢🔒", "àß", "[@`{", "ǰ"}) {
        EXPECT_EQ(codecs::distributed_lock_mysql(text), name(text));
    }
}

}  // namespace
}  // namespace dlock::test
