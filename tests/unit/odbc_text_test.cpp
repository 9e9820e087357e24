// The texts that ODBC asks for and gives.
// SPDX-License-Identifier: BSL-1.0
#include "drivers/odbc_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dlock::detail {
namespace {

TEST(OdbcSql, a_key_is_a_literal_of_its_hexadecimal_digits_or_a_parameter) {
    const Statement statement{.sql = "SELECT f(X:key), g(:key)", .parameter = "0a'ff"};
    std::string sql;
    EXPECT_EQ(write_odbc_sql(statement, OdbcKey::literal, sql).count, 0U);
    EXPECT_EQ(sql, "SELECT f(X'0aff'), g('0aff')");
    const OdbcMarkers markers = write_odbc_sql(statement, OdbcKey::parameter, sql);
    EXPECT_EQ(sql, "SELECT f(X?), g(?)");
    ASSERT_EQ(markers.count, 2U);
    EXPECT_EQ(markers.list[0].what, OdbcMarker::key);
    EXPECT_EQ(markers.list[1].what, OdbcMarker::key);
}

TEST(OdbcSql, outputs_are_parameters_in_the_order_of_appearance) {
    const Statement statement{.sql = "begin :tx := f(:key); :rc := :rcx; x::int; end;",
                              .parameter = "00",
                              .outputs = {"rc", "tx"}};
    std::string sql;
    const OdbcMarkers markers = write_odbc_sql(statement, OdbcKey::parameter, sql);
    EXPECT_EQ(sql, "begin ? := f(?); ? := :rcx; x::int; end;");
    ASSERT_EQ(markers.count, 3U);
    EXPECT_EQ(markers.list[0].what, 1);
    EXPECT_EQ(markers.list[1].what, OdbcMarker::key);
    EXPECT_EQ(markers.list[2].what, 0);
}

TEST(OdbcText, columns_are_integers_or_nothing) {
    EXPECT_EQ(odbc_integer("-42"), -42);
    EXPECT_EQ(odbc_integer("t"), 1);
    EXPECT_EQ(odbc_integer("f"), 0);
    for (const char* const text : {"", "x", "1.5", "1 ", "99999999999999999999"}) {
        EXPECT_EQ(odbc_integer(text), std::nullopt) << text;
    }
}

TEST(OdbcText, versions_are_the_numbers_that_the_native_clients_give) {
    EXPECT_EQ(odbc_version("15.0.20"), 150020);
    EXPECT_EQ(odbc_version("9.6.3"), 90603);
    EXPECT_EQ(odbc_version("10.11.000019"), 101119);
    EXPECT_EQ(odbc_version("09.07.000004"), 90704);
    EXPECT_EQ(odbc_version("5.5.5-10.6.8-MariaDB"), 100608);
    EXPECT_EQ(odbc_version("8.0.36-0ubuntu0.22.04.1"), 80036);
    EXPECT_EQ(odbc_version("16.00.4085") / 10000, 16);
    EXPECT_EQ(odbc_version(""), 0);
    EXPECT_EQ(odbc_version("2000000000.2000000000.2000000000"), 9999 * 10101);
    EXPECT_EQ(odbc_version("8.-3.0"), 80000);
}

TEST(OdbcText, states_tell_warnings_and_lost_connections) {
    EXPECT_TRUE(odbc_is_warning("01000"));
    EXPECT_FALSE(odbc_is_warning("55P03"));
    EXPECT_FALSE(odbc_is_warning(""));
    EXPECT_TRUE(odbc_connection_lost("08S01", 2013));
    EXPECT_TRUE(odbc_connection_lost("HYT01", 0));
    EXPECT_TRUE(odbc_connection_lost("01000", 20017));
    EXPECT_FALSE(odbc_connection_lost("HYT00", 0));
    EXPECT_FALSE(odbc_connection_lost("HY000", 1213));
}

TEST(OdbcServerName, has_what_tells_servers_apart_and_no_secret) {
    EXPECT_EQ(odbc_server_name("Driver=X;Server=127.0.0.1;Port=5433;UID=me;PWD=secret;"),
              "server=127.0.0.1;port=5433;");
    EXPECT_EQ(odbc_server_name("DSN=shop;UID=me;PWD={a;Server=b}}c};SERVER={x;y};"),
              "dsn=shop;server={x;y};");
    EXPECT_EQ(odbc_server_name("UID=me;PWD=secret"), "");
    EXPECT_EQ(odbc_server_name("PWD={unfinished;Server=x"), "");
    EXPECT_EQ(odbc_server_name(""), "");
}

}  // namespace
}  // namespace dlock::detail
