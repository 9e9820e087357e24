// What drivers read of texts that servers, client libraries and users give them.
// SPDX-License-Identifier: BSL-1.0
#include "drivers/odbc_text.hpp"
#include "drivers/oracle_error.hpp"
#include "require.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace {

using namespace dlock::detail;
using namespace dlock_fuzz;

const std::string secret = "S3cr3t";

// As ODBC wants any text to be written.
std::string in_braces(const std::string& text) {
    std::string result = "{";
    for (const char c : text) {
        result += c;
        result += c == '}' ? "}" : "";
    }
    return result + "}";
}

void try_server_name(FuzzedDataProvider& input) {
    const std::string before = input.ConsumeRandomLengthString(30);
    const std::string after = input.ConsumeRandomLengthString(30);
    const std::string server = in_braces(input.ConsumeRandomLengthString(30));
    const std::string name = odbc_server_name("UID=u;PWD=" + in_braces(before + secret + after) +
                                              ";Server=" + server + ";");
    require(name == "server=" + server + ";", "a server's name is its address alone");
    (void)odbc_server_name(input.ConsumeRandomLengthString(200));
}

void try_statement(FuzzedDataProvider& input) {
    Statement statement;
    statement.sql = input.ConsumeRandomLengthString(200);
    statement.parameter = input.ConsumeRandomLengthString(40);
    statement.outputs = {"rc", "txn", nullptr};
    if (std::count(statement.sql.begin(), statement.sql.end(), ':') >
        static_cast<std::ptrdiff_t>(OdbcMarkers::most)) {
        return;
    }
    std::string sql;
    const auto markers = write_odbc_sql(statement, OdbcKey::parameter, sql);
    const auto question_marks = [](const std::string& text) {
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '?'));
    };
    require(question_marks(sql) == question_marks(statement.sql) + markers.count,
            "each marker is a question mark");

    std::string literal;
    (void)write_odbc_sql(statement, OdbcKey::literal, literal);
    statement.parameter.erase(
        std::remove_if(statement.parameter.begin(), statement.parameter.end(),
                       [](char c) { return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')); }),
        statement.parameter.end());
    std::string harmless;
    (void)write_odbc_sql(statement, OdbcKey::literal, harmless);
    require(literal == harmless, "a literal has hexadecimal digits only");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    try_server_name(input);
    try_statement(input);
    const std::string text = input.ConsumeRemainingBytesAsString();
    const auto number = odbc_integer(text);
    if (number && text != "t" && text != "f") {
        require(odbc_integer(std::to_string(*number)) == number, "an integer");
    }
    require(odbc_version(text) >= 0, "a version is a number from 0");
    (void)odbc_is_warning(text);
    (void)odbc_connection_lost(text, static_cast<int>(size));
    require(oracle_error_code(text) >= 0, "an error's number");
    return 0;
}
