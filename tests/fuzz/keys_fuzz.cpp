// The default conversion of keys on every database.
// SPDX-License-Identifier: BSL-1.0
#include "any_key.hpp"
#include "dialects/mssql_key.hpp"
#include "dialects/mysql_key.hpp"
#include "dialects/oracle_key.hpp"
#include "dialects/postgresql_key.hpp"
#include "dialects/sqlite_key.hpp"
#include "utf8_again.hpp"

#include <algorithm>
#include <cstdint>

namespace {

using namespace dlock::detail;
using namespace dlock_fuzz;
using dlock::ActualKey;
using dlock::Int32Pair;
using dlock::Key;

constexpr std::size_t longest_text = 400;

// The text of a key where the server takes names; nothing for pairs.
std::optional<std::string> name_again(const Key& key) {
    if (const auto* number = std::get_if<std::int64_t>(&key.value())) {
        return std::to_string(*number);
    }
    return bytes_of(key);
}

bool is_text_that_is_not_utf8(const Key& key) {
    const auto* text = std::get_if<std::string>(&key.value());
    return text != nullptr && !code_points(*text);
}

// A database that takes names takes exactly those that `fits` takes, and takes them as they are.
void try_names(const Key& key, ActualKey (*convert)(const Key&),
               const std::function<void(const ActualKey&, const Key&)>& check,
               const std::function<bool(const std::string&, const std::vector<char32_t>&)>& fits) {
    const auto actual = converted(key, [&](const Key& given) {
        ActualKey made = convert(given);
        check(made, given);
        return made;
    });
    const auto name = name_again(key);
    const auto points = name ? code_points(*name) : std::nullopt;
    const bool good =
        points && !points->empty() && name->find('\0') == std::string::npos && fits(*name, *points);
    require(actual.has_value() == good, "a name within the limits, and no other, is taken");
    require(!actual || actual->value() == ActualKey::Value(*name), "a name is taken as it is");
}

void try_all_names(const Key& key) {
    try_names(
        key, make_mysql_key,
        [](const ActualKey& actual, const Key& given) {
            check_mysql_key(actual, given, MysqlFlavour::mysql);
        },
        [](const std::string&, const std::vector<char32_t>& points) {
            return points.size() <= 64 && *std::max_element(points.begin(), points.end()) <= 0xffff;
        });
    try_names(
        key, make_mysql_key,
        [](const ActualKey& actual, const Key& given) {
            check_mysql_key(actual, given, MysqlFlavour::mariadb);
        },
        [](const std::string& name, const std::vector<char32_t>&) { return name.size() <= 192; });
    try_names(key, make_mssql_key, check_mssql_key,
              [](const std::string&, const std::vector<char32_t>& points) {
                  return utf16_units(points) <= 255;
              });
    try_names(key, make_oracle_name, check_oracle_name,
              [](const std::string& name, const std::vector<char32_t>&) {
                  const bool is_oracles = name.size() >= 4 && (name[0] | 32) == 'o' &&
                                          (name[1] | 32) == 'r' && (name[2] | 32) == 'a' &&
                                          name[3] == '$';
                  return name.size() <= 128 && !is_oracles;
              });
}

std::optional<ActualKey> postgresql(const Key& key) {
    return converted(key, [](const Key& given) {
        ActualKey actual = make_postgresql_key(given);
        check_postgresql_key(actual, given);
        return actual;
    });
}

std::optional<ActualKey> oracle(const Key& key) {
    return converted(key, [](const Key& given) {
        ActualKey actual = make_oracle_key(given);
        check_oracle_key(actual, given);
        return actual;
    });
}

std::optional<ActualKey> sqlite(const Key& key) {
    return converted(key, [](const Key& given) {
        ActualKey actual = make_sqlite_key(given);
        check_sqlite_key(actual, given);
        return actual;
    });
}

void try_numbers(const Key& key) {
    const bool refused = is_text_that_is_not_utf8(key);
    const auto* number = std::get_if<std::int64_t>(&key.value());
    const auto* pair = std::get_if<Int32Pair>(&key.value());

    const auto on_postgresql = postgresql(key);
    require(on_postgresql.has_value() != refused, "PostgreSQL takes all but text in no encoding");
    if (number != nullptr) {
        require(on_postgresql == ActualKey(*number), "PostgreSQL takes an integer as it is");
    } else if (pair != nullptr) {
        require(on_postgresql == ActualKey(*pair), "PostgreSQL takes a pair as it is");
    } else if (on_postgresql) {
        require(std::holds_alternative<std::int64_t>(on_postgresql->value()),
                "PostgreSQL's hash is an integer");
    }

    const auto on_oracle = oracle(key);
    const std::int64_t ids = std::int64_t{1} << 30;
    const bool is_id = number == nullptr || (*number >= 0 && *number < ids);
    require(on_oracle.has_value() == (!refused && pair == nullptr && is_id),
            "Oracle takes ids, text and bytes");
    if (on_oracle) {
        const auto id = std::get<std::int64_t>(on_oracle->value());
        require(id >= 0 && id < ids, "Oracle's ids are below 2^30");
        require(number == nullptr || id == *number, "Oracle takes an id as it is");
    }

    const auto on_sqlite = sqlite(key);
    require(on_sqlite.has_value() != refused, "SQLite takes all but text in no encoding");
    if (on_sqlite) {
        const auto hash = std::get<std::int64_t>(on_sqlite->value());
        require(hash >= 0 && hash < std::int64_t{1} << 62, "SQLite's keys are below 2^62");
    }
}

// Hashes of 62 bits and more do not collide by chance, and integers and pairs are not hashed.
void try_two(const Key& first, const Key& second) {
    const auto bytes = bytes_of(first);
    const auto others = bytes_of(second);
    const bool same = first == second || (bytes && bytes == others);
    const bool hashed_alike = bytes.has_value() == others.has_value();
    const auto a = postgresql(first);
    const auto b = postgresql(second);
    if (a && b && hashed_alike) {
        require((a == b) == same, "on PostgreSQL different keys are different locks");
    }
    const auto c = sqlite(first);
    const auto d = sqlite(second);
    if (c && d) {
        require((c == d) == same, "on SQLite different keys are different locks");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const Key first = any_key(input, longest_text);
    const Key second = any_key(input, longest_text);
    for (const Key* const key : {&first, &second}) {
        try_all_names(*key);
        try_numbers(*key);
        const auto name = name_again(*key);
        const auto points = name ? code_points(*name) : std::nullopt;
        require(!name || is_mssql_principal(*name) ==
                             (points && !points->empty() && utf16_units(*points) <= 128 &&
                              name->find('\0') == std::string::npos),
                "a principal has 1 to 128 units");
    }
    try_two(first, second);
    return 0;
}
