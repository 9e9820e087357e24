// SPDX-License-Identifier: BSL-1.0
#include "url.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"

#include <gtest/gtest.h>

namespace dlock::cli {
namespace {

void expect_refused(const std::string& url) {
    try {
        (void)parse_url(url);
        ADD_FAILURE() << url << " was taken";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code(), exit_configuration) << url;
        EXPECT_EQ(std::string(failure.what()).find("s3cret"), std::string::npos) << url;
    }
}

TEST(Url, TellsParametersFromUrls) {
    for (const char* const list : {"dbname=shop", " user = x", "db=x", "host='a b'"}) {
        EXPECT_TRUE(detail::is_parameter_list(list)) << list;
    }
    for (const char* const url : {"", "host/db", "user@host", "user:a=b@host", "host/db?a=b",
                                  "h1:1/d=b", "/path", "?a=b"}) {
        EXPECT_FALSE(detail::is_parameter_list(url)) << url;
    }
}

TEST(Url, OfNoDatabaseIsRefused) {
    for (const char* const url :
         {"", "s3cret", "/path/x.db", ":memory:", "://x", "http://s3cret@h", "odbc://DSN=x",
          "oracle://x", "mysql:h", "s3cret@my sql://h", "mysql://h/a\nb"}) {
        expect_refused(url);
    }
}

#ifdef DLOCK_HAS_POSTGRESQL
std::string of_postgresql(const std::string& url) {
    const Target target = parse_url(url);
    EXPECT_EQ(target.backend, "postgresql");
    const std::string name = "fallback_application_name='dlock'";
    EXPECT_TRUE(target.parameters.ends_with(name)) << target.parameters;
    return target.parameters.substr(0, target.parameters.size() - name.size());
}

TEST(Url, OfPostgresqlBecomesParameters) {
    for (const char* const scheme : {"postgresql://", "postgres://", "PostgreSQL://",
                                     "postgresql://postgres://", "postgres://postgresql://"}) {
        const auto parameters = [&](const char* rest) {
            return of_postgresql(scheme + std::string(rest));
        };
        EXPECT_EQ(parameters(""), "");
        EXPECT_EQ(parameters("h"), "host='h' ");
        EXPECT_EQ(parameters("u:p%40w@h:5433,h2:5434/db?sslmode=require"),
                  "user='u' password='p@w' dbname='db' host='h,h2' port='5433,5434' "
                  "sslmode='require' ");
        EXPECT_EQ(parameters("u@%2Frun%2Fpg/db"), "user='u' dbname='db' host='/run/pg' ");
        EXPECT_EQ(parameters("u:a=b@h/db"), "user='u' password='a=b' dbname='db' host='h' ");
        EXPECT_EQ(parameters("[::1]:5432/db"), "dbname='db' host='::1' port='5432' ");
    }
}

TEST(Url, OfPostgresqlMayBeSocis) {
    EXPECT_EQ(of_postgresql("postgresql://dbname=shop user=x"), "user='x' dbname='shop' ");
    EXPECT_EQ(of_postgresql("postgresql://dbname='a\\'b' options=\\\\"),
              "dbname='a\\'b' options='\\\\' ");
    EXPECT_TRUE(parse_url("postgresql://password='a b' user=x").has_password);
    EXPECT_FALSE(parse_url("postgresql://user=x").has_password);
    EXPECT_TRUE(parse_url("postgresql://u:p@h").has_password);
}

TEST(Url, OfPostgresqlKeepsWhatStandsLast) {
    // What is added must not become a part of it.
    EXPECT_EQ(of_postgresql("postgresql://u:p?w@h/db"),
              "user='u' password='p?w' dbname='db' host='h' ");
    EXPECT_EQ(of_postgresql("postgresql://host=h password="), "password='' host='h' ");
    EXPECT_FALSE(parse_url("postgresql://host=h password=").has_password);
    EXPECT_EQ(of_postgresql("postgresql://dbname=a\\"), "dbname='a' ");
}

TEST(Url, OfPostgresqlThatWouldBeMisreadIsRefused) {
    for (const char* const url :
         {"postgresql://us=er:s3cret@host/db", "postgresql://user=x password=a s3cret",
          "postgresql://u:s3cret/x@host/db", "postgresql://u:1/s3cret@host",
          "postgresql://u:a@s3cret@host/db", "postgresql://u:%zzs3cret@h", "postgresql://[s3cret",
          "postgresql://h/db?s3cret=1", "postgresql://pasword=s3cret"}) {
        expect_refused(url);
    }
}

TEST(Url, PasswordsAreHidden) {
    (void)parse_url("postgresql://u:pg%2Dhidden@h/db");
    EXPECT_EQ(foreign("says pg-hidden"), "says ***");
}
#endif

#ifdef DLOCK_HAS_SQLITE
TEST(Url, OfSqlite) {
    EXPECT_EQ(parse_url("sqlite:///var/lib/x.db").parameters, "/var/lib/x.db");
    EXPECT_EQ(parse_url("sqlite:////var/lib/x.db").parameters, "//var/lib/x.db");
    EXPECT_EQ(parse_url("sqlite:///a%20b%25.db").parameters, "/a b%.db");
}

TEST(Url, OfSqliteInSocisForm) {
    EXPECT_EQ(parse_url("sqlite3:///var/lib/a b%20.db").parameters, "/var/lib/a b%20.db");
    EXPECT_EQ(parse_url("sqlite3://x.db").parameters, "x.db");
    EXPECT_EQ(parse_url("sqlite3://db=/x.db timeout=5").parameters, "db=/x.db timeout=5");
    EXPECT_EQ(parse_url("sqlite3:///a=b.db").parameters, "db=\"/a=b.db\"");
}

TEST(Url, OfSqliteThatIsNoPathIsRefused) {
    for (const char* const url :
         {"sqlite://", "sqlite://x.db", "sqlite://host/x.db", "sqlite:///x?mode=ro",
          "sqlite:///x#y", "sqlite:///x%00y", "sqlite:///x%", "sqlite3://", "sqlite3:///a=\"b",
          "sqlite3:// 1=b"}) {
        expect_refused(url);
    }
}
#endif

}  // namespace
}  // namespace dlock::cli
