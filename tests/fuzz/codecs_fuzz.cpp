// The conversions of other libraries.
// SPDX-License-Identifier: BSL-1.0
#include "any_key.hpp"
#include "codecs/lowercase.hpp"
#include "utf8_again.hpp"

#include <dlock/codecs.hpp>

#include <cstdint>
#include <limits>

namespace {

using namespace dlock::codecs;
using namespace dlock_fuzz;
using dlock::ActualKey;
using dlock::Int32Pair;
using dlock::Key;

constexpr std::size_t longest_text = 600;

template <class Kind>
const Kind* as(const std::optional<ActualKey>& actual) {
    return actual ? std::get_if<Kind>(&actual->value()) : nullptr;
}

bool is_utf8(const Key& key) {
    const auto* text = std::get_if<std::string>(&key.value());
    return text != nullptr && code_points(*text);
}

// A codec that takes text takes all that is UTF-8 and no other; what it does with the other kinds
// is its own affair.
std::optional<ActualKey> of_text(const Key& key, const dlock::Converter& codec) {
    const auto actual = converted(key, codec);
    if (std::holds_alternative<std::string>(key.value())) {
        require(actual.has_value() == is_utf8(key), "text in UTF-8, and no other, is taken");
    }
    return actual;
}

// Integers and pairs as they are, if they are taken.
void keeps_numbers(const Key& key, const std::optional<ActualKey>& actual) {
    if (const auto* number = std::get_if<std::int64_t>(&key.value()); number && actual) {
        require(actual == ActualKey(*number), "an integer is taken as it is");
    }
    if (const auto* pair = std::get_if<Int32Pair>(&key.value()); pair && actual) {
        require(actual == ActualKey(*pair), "a pair is taken as it is");
    }
}

std::size_t characters(const std::string& name) {
    const auto points = code_points(name);
    require(points.has_value(), "a name made of text is UTF-8");
    return points->size();
}

void try_postgresql(const Key& key, FuzzedDataProvider& input) {
    require(of_text(key, py_postgresql_lock).has_value() ==
                (is_utf8(key) || !std::holds_alternative<std::string>(key.value())),
            "py-postgresql-lock takes all kinds");

    const auto crc = of_text(key, django_pglocks);
    keeps_numbers(key, crc);
    if (is_utf8(key)) {
        const std::int64_t number = *as<std::int64_t>(crc);
        require(number >= std::numeric_limits<std::int32_t>::min() &&
                    number <= std::numeric_limits<std::int32_t>::max(),
                "django-pglocks has signed numbers of 32 bits");
    }
    keeps_numbers(key, of_text(key, django_pglock));
    (void)of_text(key, pals(input.ConsumeRandomLengthString(20)));
    keeps_numbers(key, of_text(key, sqlx));
    keeps_numbers(key, of_text(key, binded_advisory_lock));

    const auto symfony = converted(key, symfony_lock);
    require(symfony.has_value() == bytes_of(key).has_value(), "symfony/lock takes byte strings");
    if (const auto* number = as<std::int64_t>(symfony)) {
        require(*number >= 0 && *number <= 0xffffffffLL, "symfony/lock has 32 bits, unsigned");
    }
    require(converted(key, php_lock_postgresql).has_value() == bytes_of(key).has_value(),
            "php-lock takes byte strings");

    const auto ruby =
        converted(key, with_advisory_lock_postgresql(input.ConsumeRandomLengthString(24)));
    if (const auto* pair = as<Int32Pair>(ruby)) {
        require(pair->first >= 0 && pair->second >= 0, "with_advisory_lock has 31 bits");
    }

    const auto exact = converted(key, distributed_lock_postgresql_exact);
    const auto hashed = of_text(key, distributed_lock_postgresql);
    require(!exact || exact == hashed, "what is not hashed is the same with hashing allowed");
    keeps_numbers(key, hashed);
}

void try_hashtext(const Key& key, FuzzedDataProvider& input) {
    const std::int64_t seed = input.ConsumeIntegral<std::int64_t>();
    const auto narrow = converted(key, postgresql_hashtext);
    const auto wide = converted(key, postgresql_hashtextextended(seed));
    require(narrow.has_value() == wide.has_value(), "both take the same text");
    const bool text =
        is_utf8(key) && std::get<std::string>(key.value()).find('\0') == std::string::npos;
    require(narrow.has_value() == text, "hashtext takes text without NUL");
    if (narrow) {
        const auto plain = converted(key, postgresql_hashtextextended(0));
        // The server's two functions agree in the lower 32 bits when the seed is 0.
        require(static_cast<std::uint32_t>(*as<std::int64_t>(narrow)) ==
                    static_cast<std::uint32_t>(*as<std::int64_t>(plain)),
                "hashtext is the lower half of hashtextextended");
    }
    std::vector<std::string> namespaces;
    while (namespaces.size() < 3 && input.ConsumeBool()) {
        namespaces.push_back(input.ConsumeRandomLengthString(10));
    }
    try {
        const auto named = converted(key, pg_advisory_lock(namespaces));
        require(named.has_value() == text, "pg-advisory-lock takes the same text");
    } catch (const dlock::LockError& error) {
        require(error.which() == dlock::errc::invalid_key, "a namespace is refused as a key is");
    }
}

void try_names(const Key& key, FuzzedDataProvider& input) {
    const auto bytes = bytes_of(key);
    const auto php = converted(key, php_lock_mysql);
    require(php.has_value() == bytes.has_value(), "php-lock takes byte strings");
    require(!php || *as<std::string>(php) == "php-malkusch-lock:" + *bytes, "and prefixes them");

    const std::string prefix = input.ConsumeRandomLengthString(20);
    const auto ruby = converted(key, with_advisory_lock_mysql(prefix));
    require(!ruby || as<std::string>(ruby)->starts_with(prefix), "the prefix comes first");

    if (const auto laravel = of_text(key, laravel_advisory_lock_mysql)) {
        require(characters(*as<std::string>(laravel)) <= 64, "laravel keeps to 64 characters");
    }
    if (const auto name = of_text(key, distributed_lock_mysql)) {
        const std::string& text = *as<std::string>(name);
        (void)characters(text);
        require(!text.empty() && utf16_units(*code_points(text)) <= 64, "1 to 64 units");
        require(dlock::detail::lowercase(text) == text, "no capitals");
    }
    // Cut inside a character it is refused, though it is UTF-8.
    if (const auto name = converted(key, distributed_lock_mssql)) {
        const std::string& text = *as<std::string>(name);
        (void)characters(text);
        require(utf16_units(*code_points(text)) <= 255, "at most 255 units");
    }
    (void)converted(key, [](const Key& given) {
        std::string name = distributed_lock_oracle_name(given);
        require(!name.empty() && utf16_units(*code_points(name)) <= 128, "1 to 128 units");
        return ActualKey(std::move(name));
    });
}

void try_lowercase(const Key& key) {
    if (is_utf8(key)) {
        const auto& text = std::get<std::string>(key.value());
        const std::string lower = dlock::detail::lowercase(text);
        require(characters(lower) == characters(text), "lower case has as many characters");
        require(dlock::detail::lowercase(lower) == lower, "lower case has no capitals");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const Key key = any_key(input, longest_text);
    try_postgresql(key, input);
    try_hashtext(key, input);
    try_names(key, input);
    try_lowercase(key);
    return 0;
}
