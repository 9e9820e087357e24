// Database URLs: what is connected to is what was written, and a password is in no error.
// SPDX-License-Identifier: BSL-1.0
#include "connect_string.hpp"
#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"
#include "require.hpp"
#include "url.hpp"

#include <fuzzer/FuzzedDataProvider.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace dlock_fuzz;
using dlock::cli::Failure;
using dlock::cli::Target;

const std::string secret = "S3cr3t";

std::vector<std::string> hidden;

}  // namespace

// Instead of the program's own, which keeps all that it is given.
void dlock::cli::hide(const std::string& password) {
    hidden.push_back(password);
}

namespace {

std::optional<Target> parse(const std::string& url) {
    hidden.clear();
    try {
        return dlock::cli::parse_url(url);
    } catch (const Failure& failure) {
        const std::string text = failure.what();
        require(failure.exit_code() == dlock::cli::exit_configuration, "the exit code");
        require(text.find(secret) == std::string::npos, "no password in an error");
        require(std::none_of(text.begin(), text.end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
                "one line");
        return std::nullopt;
    }
}

// What libpq would connect to; nothing if it cannot read the text. What we add is left out.
std::optional<Parameters> read_postgresql(const std::string& text) {
    char* error = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(text.c_str(), &error), PQconninfoFree);
    PQfreemem(error);
    if (options == nullptr) {
        return std::nullopt;
    }
    Parameters parameters;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr &&
            option->keyword != std::string_view("fallback_application_name")) {
            parameters[option->keyword] = option->val;
        }
    }
    return parameters;
}

std::optional<Parameters> read(const Target& target) {
    return target.backend == "postgresql" ? read_postgresql(target.parameters)
           : target.backend == "mysql"    ? read_mysql(target.parameters)
                                          : read_sqlite(target.parameters);
}

// All that is connected to can be read, and its password is hidden from messages.
void check(const std::string& url, const Target& target) {
    const std::string rest = url.substr(url.find("://") + 3);
    const bool is_list = dlock::cli::detail::is_parameter_list(rest);
    if (target.backend == "sqlite3" && is_list) {
        require(target.parameters == rest, "SOCI gets its own parameters for SQLite as they are");
        return;
    }
    const auto parameters = read(target);
    require(parameters.has_value(), "SOCI can read the parameters");
    require(!target.backend.empty() && !target.product.empty(), "backend and product are named");
    const auto password = parameters->find("password");
    if (target.backend != "sqlite3" && password != parameters->end() && !password->second.empty()) {
        const auto user = parameters->find("user");
        const bool public_name = user != parameters->end() && user->second == password->second;
        require(target.has_password, "a password is known");
        require(public_name ||
                    std::find(hidden.begin(), hidden.end(), password->second) != hidden.end(),
                "a password is hidden");
    }
    if (target.backend == "postgresql") {
        const bool as_it_is =
            rest.starts_with("postgresql://") || rest.starts_with("postgres://") || is_list;
        require(read_postgresql(as_it_is ? rest : "postgresql://" + rest) == parameters,
                "libpq connects to what was written");
    }
}

std::string percent_encoded(const std::string& text) {
    constexpr const char* digits = "0123456789ABCDEF";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        result +=
            plain ? std::string(1, c) : std::string{'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return result;
}

// Whatever the values are, they arrive as they are, and add no parameter.
void try_values(FuzzedDataProvider& input, const std::string& scheme) {
    const std::string user = "u" + input.ConsumeRandomLengthString(20);
    const std::string password = secret + input.ConsumeRandomLengthString(20);
    const std::string db = "d" + input.ConsumeRandomLengthString(20);
    const std::string other = "o" + input.ConsumeRandomLengthString(20);
    const bool postgresql = scheme == "postgresql";
    const std::string name = postgresql ? "application_name" : "charset";
    const std::string url = scheme + "://" + percent_encoded(user) + ":" +
                            percent_encoded(password) + "@h:1/" + percent_encoded(db) + "?" + name +
                            "=" + percent_encoded(other);
    const auto target = parse(url);
    const bool has_nul = (user + password + db + other).find('\0') != std::string::npos;
    const bool like_a_misreading = db.find('@') != std::string::npos;
    require(target.has_value() == (!has_nul && !like_a_misreading),
            "any value can be written, but for NUL");
    if (target) {
        check(url, *target);
        const Parameters expected = {{"host", "h"},  {"port", "1"},
                                     {"user", user}, {"password", password},
                                     {name, other},  {postgresql ? "dbname" : "db", db}};
        require(read(*target) == expected, "values arrive as they are, and no others");
    }
}

void try_path(FuzzedDataProvider& input) {
    const std::string path = "/" + input.ConsumeRandomLengthString(60);
    const auto target = parse("sqlite://" + percent_encoded(path).replace(0, 3, "/"));
    const bool both = path.find('=') != std::string::npos && path.find('"') != std::string::npos;
    require(target.has_value() == (!both && path.find('\0') == std::string::npos),
            "any path can be written, but for NUL");
    if (target) {
        require(read(*target) == Parameters{{"db", path}}, "a path arrives as it is");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    switch (input.ConsumeIntegralInRange(0, 7)) {
        case 0:
            try_values(input, "postgresql");
            break;
        case 1:
            try_values(input, input.ConsumeBool() ? "mysql" : "mariadb");
            break;
        case 2:
            try_path(input);
            break;
        default: {
            // Any text, the password somewhere in it.
            const auto place = input.ConsumeIntegral<std::uint8_t>();
            std::string url = input.ConsumeRemainingBytesAsString();
            const std::size_t scheme_end = url.find("://");
            if (scheme_end != std::string::npos && place % 4 != 0) {
                url.insert(std::min<std::size_t>(url.size(), scheme_end + 3 + place / 4), secret);
            }
            if (const auto target = parse(url)) {
                check(url, *target);
            }
        }
    }
    return 0;
}
