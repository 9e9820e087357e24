// SPDX-License-Identifier: BSL-1.0
#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"
#include "url.hpp"

#include <gtest/gtest.h>

#ifdef DLOCK_HAS_MYSQL

namespace dlock::cli {
namespace {

std::string parameters(const std::string& url) {
    return parse_url(url).parameters;
}

TEST(MysqlUrl, BecomesParameters) {
    EXPECT_EQ(parameters("mysql://user@host:3307/db"),
              "host='host' port='3307' user='user' db='db'");
    EXPECT_EQ(parameters("mariadb://host"), "host='host'");
    EXPECT_EQ(parameters("mysql:///db?unix_socket=/run/my%20sql.sock"),
              "db='db' unix_socket='/run/my sql.sock'");
    EXPECT_EQ(parameters("mysql://u@[::1]:3306/"), "host='::1' port='3306' user='u'");
    EXPECT_EQ(parameters("mysql://h/d?ssl-ca=/ca.pem&charset=utf8mb4&connect_timeout=3"),
              "host='h' db='d' sslca='/ca.pem' charset='utf8mb4' connect_timeout='3'");
    EXPECT_EQ(parse_url("mysql://h").backend, "mysql");
    EXPECT_EQ(parse_url("mysql://h").product, "MySQL");
    EXPECT_EQ(parse_url("mariadb://h").product, "MariaDB");
    EXPECT_EQ(parse_url("mariadb://h").backend, "mysql");
}

TEST(MysqlUrl, IsDecodedAndQuoted) {
    EXPECT_EQ(parameters("mysql://us%20er:p%27%5C%40%2Fw%3D@h/d%27b"),
              R"(host='h' user='us er' password='p\'\\@/w=' db='d\'b')");
}

TEST(MysqlUrl, MayBeSocis) {
    EXPECT_EQ(parameters("mysql://host=h user=u"), "host='h' user='u'");
    EXPECT_EQ(parameters("mysql://host = h  db='a b' pass='it\\'s' "),
              R"(host='h' db='a b' password='it\'s')");
    EXPECT_EQ(parameters("mysql://user=u password=''"), "user='u' password=''");
}

TEST(MysqlUrl, KnowsItsPassword) {
    EXPECT_TRUE(parse_url("mysql://u:my-hidden@h").has_password);
    EXPECT_TRUE(parse_url("mysql://user=u pass=my-hidden2").has_password);
    EXPECT_EQ(foreign("my-hidden my-hidden2"), "*** ***");
    EXPECT_FALSE(parse_url("mysql://u@h").has_password);
    EXPECT_FALSE(parse_url("mysql://u:@h").has_password);
}

TEST(MysqlUrl, ThatWouldBeMisreadIsRefused) {
    for (const char* const url : {"mysql://u:s3cret/x@h/d",
                                  "mysql://u:12/s3cret@h",
                                  "mysql://u:s3c@s3cret@h/d",
                                  "mysql://u:s3cret#x@h/d",
                                  "mysql://u:s3cret?x@h/d",
                                  "mysql://u:%zz@h",
                                  "mysql://h:0/d",
                                  "mysql://h:65536",
                                  "mysql://h:x",
                                  "mysql://h/a/b",
                                  "mysql://h/d%00",
                                  "mysql://h/d?x=s3cret",
                                  "mysql://u@h?user=v",
                                  "mysql://h?reconnect=1",
                                  "mysql://host=h reconnect=1",
                                  "mysql://host=h host=i",
                                  "mysql://user=u password=a s3cret",
                                  "mysql://password='s3cret",
                                  "mysql://password=s3cret\\",
                                  "mysql://password=s3'cret",
                                  "mysql://password='a's3cret",
                                  "mysql://port=x"}) {
        try {
            (void)parse_url(url);
            ADD_FAILURE() << url << " was taken";
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit_code(), exit_configuration) << url;
            EXPECT_EQ(std::string(failure.what()).find("s3cret"), std::string::npos) << url;
        }
    }
}

}  // namespace
}  // namespace dlock::cli

#endif
