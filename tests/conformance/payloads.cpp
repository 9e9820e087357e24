// SPDX-License-Identifier: BSL-1.0
#include "conformance/payloads.hpp"

#include <algorithm>
#include <utility>

namespace dlock_test {
namespace {

using namespace std::string_literals;
using Texts = std::vector<std::string>;

// Ways out of a literal, an identifier or a comment.
const Texts ways_out = {
    "'", "''", "'''", "\"", "\"\"", "`", "\\'", "\\\\'", "\\\"", "')", "'))", "\")", "`)", "'; ",
    "\"; ", "\\'; ", "*/ ", "*/'", "-- \n", "#\n", "\n", "\r\n", "\\", "'||'", "'+'", "$$", "$q$",
    "]", "]]", "}", "'}", "?'", ":key'",
    // A backslash or a quote that is the second byte of a character in GBK, SJIS and Big5, or that
    // is made of one.
    "\xBF'", "\xBF\\'", "\x95\\'", "\x83\\'", "\xA5'", "\xE5\\'", "\x81'", "\xF0'", "\xC2'",
    // Overlong quotes, and characters that a lossy conversion makes quotes of.
    "\xC0\xA7", "\xE0\x80\xA7", "\xCA\xBC", "\xE2\x80\x98", "\xE2\x80\x99", "\xEF\xBC\x87",
    "\xC2\xB4", "\xEF\xBC\x82", "\xEF\xBC\x9B", "\xD5\x9A", "\xE2\x80\xB2",
    // Texts that end early.
    "\0'"s, "'\0"s, "%00'", "\\0'"};

// What would follow, cut to fit into the names of MySQL.
Texts harm(const std::string& table) {
    return {" OR 1=1 -- ",
            ";DROP TABLE " + table + ";-- ",
            ";DELETE FROM " + table + ";-- ",
            ";UPDATE " + table + " SET n=0;#",
            ";INSERT INTO " + table + " VALUES(9)/*",
            ";CREATE TABLE dlock_pwned(n int);-- ",
            ";SELECT RELEASE_ALL_LOCKS();-- ",
            ";SELECT pg_advisory_unlock_all();-- ",
            ";COMMIT;-- ",
            ",0) UNION SELECT 1,2,3 -- ",
            " AND SLEEP(9) -- ",
            "||pg_sleep(9)||"};
}

// Texts that mean something to one of those on the way.
const Texts meanings = {
    // placeholders
    ":key", ":hex", ":x", "::int", ":=1", "$1", "$2", "?", "??", "@p1", "@@version", "{}", "{0}",
    "{{", "}}", "%(key)s", "${key}", "#{key}", "{call x}", "{fn now()}", "{ts '2000-01-01'}",
    // format strings
    "%s", "%n", "%s%s%s%n", "%x", "%d", "%.999d", "%%", "%1$s", "%hhn", "%p%p%p",
    // comments, hints, words
    "/*", "*/", "/**/", "/*!50000 DROP*/", "/*+ MAX_EXECUTION_TIME(1) */", "--", "#", "NULL",
    "null", "DEFAULT", "true", "0x27", "X'27'", "b'1'", "_binary 'x'", "N'x'", "E'\\x27'",
    "U&'\\0027'", "q'[x]'", "char(39)", "chr(39)", "unhex('27')", "CONVERT(x USING gbk)", "$$x$$",
    "\\x27", "\\u0027", "\\047", "&#39;", "%27", "%2527", "\\N", "\\.", "\\q", "\\! id", "\\c x",
    "\\g", "go", "GO\n", "delimiter //", "1;", "1e309", "-0", "0", "1 or 1", "1/0", "..", "../../x",
    "a.b.c", "[x]", "\"x\".\"y\"", "`x`.`y`", " ", "  ", " a", "a ", "\t", "\n", "\r", "\x1A",
    "\x08", "\x7F", "\x1B[2J",
    // connection strings and URLs
    "host=x", "x;PWD=y", "}{", "x' user='root", "options=-c", "postgresql://x", "UID=sa;",
    // characters that are counted, compared or drawn in an unusual way
    "\xF0\x9F\x94\x92", "e\xCC\x81", "\xC3\xA9", "\xE2\x80\xAE", "\xE2\x80\x8B", "\xEF\xBB\xBF",
    "\xEF\xBF\xBD", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xC3\x9F", "\xC4\xB0", "\xC4\xB1",
    "\xE2\x84\xAA", "\xF0\x90\x80\x80", "\xCD\x8F", "\xC2\xA0", "\xE3\x80\x80",
    // not UTF-8
    "\xFF", "\xFE\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80", "\xE2\x82", "a\0b"s,
    "\0"s, "\0\0\0\0"s, ""};

}  // namespace

std::vector<std::string> attacking_keys(const std::string& table) {
    Texts all = meanings;
    for (const std::string& way_out : ways_out) {
        all.push_back(way_out);
        all.push_back("x" + way_out + "y");
        for (const std::string& what : harm(table)) {
            all.push_back(way_out + what);
        }
    }
    for (const std::string& meaning : meanings) {
        all.push_back("'" + meaning + "'");
        all.push_back("x" + meaning);
    }
    // At and beyond the limits of names, quotes at the end.
    for (const std::size_t size :
         {63U, 64U, 65U, 128U, 191U, 192U, 193U, 254U, 255U, 256U, 70000U}) {
        for (const char* const last : {"'", "\\", "\xC3\xA9", "\"", "\xF0\x9F\x94\x92", "?"}) {
            all.push_back(std::string(size - 1, 'x') + last);
            all.push_back(std::string(size - 1, '\'') + last);
        }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

}  // namespace dlock_test
