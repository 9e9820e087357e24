// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/parser.hpp"

#include "support/simulator/expression_parser.hpp"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace dlock::testing {
namespace {

using Kind = SqlStatement::Kind;

class Parser final : public ExpressionParser {
  public:
    using ExpressionParser::ExpressionParser;

    Script script() {
        Script result;
        while (!at_end()) {
            if (accept_symbol(";")) {
                continue;
            }
            if (is_word("declare") && (is_word("function", 1) || is_word("rc", 1))) {
                oracle_functions();
            }
            if (is_word("begin") && begins_block()) {
                block(result);
            } else {
                result.push_back(statement());
            }
            if (!at_end()) {
                expect_symbol(";");
            }
        }
        return result;
    }

  private:
    // What stands before an Oracle block. What the functions do is known to the rules; nothing else
    // may stand here.
    void oracle_functions() {
        expect({"declare"});
        if (is_word("rc")) {
            draw_function();
        }
        if (accept({"function"})) {
            handle_function();
        }
    }

    // Draws a fencing token.
    void draw_function() {
        for (const char* const word : {"rc",
                                       "number",
                                       ";",
                                       "t",
                                       "number",
                                       ";",
                                       "function",
                                       "draw",
                                       "return",
                                       "number",
                                       "is",
                                       "pragma",
                                       "autonomous_transaction",
                                       ";",
                                       "n",
                                       "number",
                                       ";",
                                       "begin",
                                       "select",
                                       "token",
                                       "into",
                                       "n",
                                       "from",
                                       "dlock",
                                       ".",
                                       "fencing",
                                       "where",
                                       "id",
                                       "=",
                                       "1",
                                       "for",
                                       "update",
                                       "wait"}) {
            require(word);
        }
        (void)take();
        for (const char* const word :
             {";",     "update", "dlock", ".",     "fencing", "set",   "token",     "=",
              "token", "+",      "1",     "where", "id",      "=",     "1",         "returning",
              "token", "into",   "n",     ";",     "commit",  "write", "immediate", "wait",
              ";",     "return", "n",     ";",     "end",     ";"}) {
            require(word);
        }
    }

    // Makes a handle of a lock's name.
    void handle_function() {
        for (const char* const word :
             {"handle", "(", "n", "varchar2", ")", "return", "varchar2", "is", "pragma",
              "autonomous_transaction", ";", "h", "varchar2", "("}) {
            require(word);
        }
        (void)take();
        for (const char* const word :
             {")", ";",        "begin",  "sys", ".",      "dbms_lock",  ".",  "allocate_unique",
              "(", "lockname", "=>",     "n",   ",",      "lockhandle", "=>", "h",
              ")", ";",        "commit", ";",   "return", "h",          ";",  "end",
              ";"}) {
            require(word);
        }
    }

    void require(const std::string& text) {
        if (take().text != text) {
            unknown();
        }
    }

    // BEGIN opens a PL/SQL block if an assignment or a call follows.
    bool begins_block() const {
        return peek(1).kind == Token::Kind::parameter ||
               (peek(1).kind == Token::Kind::word && (is_symbol(".", 2) || is_symbol(":=", 2)));
    }

    void block(Script& script) {
        expect({"begin"});
        while (!accept({"end"})) {
            if (accept({"if"})) {
                SqlStatement one{.kind = Kind::condition, .value = expression()};
                expect({"then"});
                one.inner.push_back(assignment());
                expect({"end", "if"});
                expect_symbol(";");
                script.push_back(std::move(one));
            } else {
                script.push_back(assignment());
            }
        }
    }

    SqlStatement assignment() {
        SqlStatement one{.kind = Kind::assign};
        const bool is_output = peek().kind == Token::Kind::parameter;
        one.name = is_output ? ":" + take().text : word();
        expect_symbol(":=");
        one.value = expression();
        expect_symbol(";");
        return one;
    }

    SqlStatement statement() {
        if (accept({"select"})) {
            return select_statement();
        }
        if (accept({"begin"}) || accept({"start", "transaction"})) {
            return begin();
        }
        if (accept({"commit"})) {
            (void)(accept({"transaction"}) || accept({"work"}));
            return {.kind = Kind::commit};
        }
        if (accept({"rollback", "to"})) {
            (void)accept({"savepoint"});
            return {.kind = Kind::rollback_to, .name = word()};
        }
        if (accept({"rollback"})) {
            (void)(accept({"transaction"}) || accept({"work"}));
            return {.kind = Kind::rollback};
        }
        if (accept({"savepoint"})) {
            return {.kind = Kind::savepoint, .name = word()};
        }
        if (accept({"release"})) {
            (void)accept({"savepoint"});
            return {.kind = Kind::release, .name = word()};
        }
        if (accept({"set", "transaction"})) {
            while (peek().kind == Token::Kind::word || is_symbol(",")) {
                (void)take();
            }
            return {.kind = Kind::set_transaction};
        }
        if (accept({"set"})) {
            return set();
        }
        if (accept({"update"})) {
            return update();
        }
        if (accept({"show"})) {
            return {.kind = Kind::show, .name = dotted_name()};
        }
        if (accept({"declare"})) {
            return declare();
        }
        if (accept({"if"})) {
            return condition();
        }
        if (accept({"exec"})) {
            return execute();
        }
        if (accept({"kill"})) {
            SqlStatement kill{.kind = Kind::kill, .local = accept({"query"})};
            (void)accept({"connection"});
            kill.value = expression();
            return kill;
        }
        if (accept({"discard", "all"})) {
            return {.kind = Kind::discard_all};
        }
        unknown();
    }

    SqlStatement select_statement() {
        SqlStatement result{.kind = Kind::select};
        if (peek().kind == Token::Kind::hint) {
            const std::string hint = take().text;
            const auto open = hint.find("max_execution_time(");
            if (open != std::string::npos) {
                result.hint = std::stod(hint.substr(open + 19)) / 1000;
            }
        }
        result.select = select();
        return result;
    }

    SqlStatement begin() {
        SqlStatement result{.kind = Kind::begin};
        while (peek().kind == Token::Kind::word) {
            result.words += take().text + " ";
        }
        return result;
    }

    // What it gives back: PostgreSQL's RETURNING, SQL Server's OUTPUT.
    SqlStatement update() {
        SqlStatement result{.kind = Kind::update, .name = dotted_name()};
        if (accept({"with"})) {
            expect_symbol("(");
            expect({"nowait"});
            expect_symbol(")");
        }
        expect({"set"});
        result.target = word();
        expect_symbol("=");
        result.value = expression();
        if (accept({"output"})) {
            result.select.items = expressions();
        }
        expect({"where"});
        result.select.where = expression();
        if (accept({"returning"})) {
            result.select.items = expressions();
        }
        return result;
    }

    std::vector<Expression> expressions() {
        std::vector<Expression> all;
        do {
            all.push_back(expression());
        } while (accept_symbol(","));
        return all;
    }

    SqlStatement set() {
        SqlStatement result{.kind = Kind::set};
        if (accept({"statement"})) {
            // MariaDB: SET STATEMENT name = value FOR statement.
            const std::string name = word();
            expect_symbol("=");
            const Expression limit = expression();
            expect({"for"});
            result = statement();
            if (limit.kind != Expression::Kind::literal) {
                unknown();
            }
            if (name == "max_statement_time") {
                result.set_for_statement = to_number(limit.value);
            } else if (name != "innodb_lock_wait_timeout") {  // nobody waits for rows here
                unknown();
            }
            return result;
        }
        if (accept({"names"})) {
            result.name = "names";
            result.value = Expression{.kind = Expression::Kind::literal, .value = word()};
            return result;
        }
        result.local = accept({"local"});
        (void)(accept({"session"}) || accept({"global"}));
        result.name = dotted_name();
        if (result.name[0] == '@') {
            result.kind = Kind::assign;
        }
        if (!accept({"to"})) {
            expect_symbol("=");
        }
        result.value = expression();
        return result;
    }

    SqlStatement declare() {
        SqlStatement result{.kind = Kind::declare, .name = word()};
        (void)word();  // the type
        if (accept_symbol("(")) {
            (void)take();
            expect_symbol(")");
        }
        if (accept_symbol("=")) {
            result.value = expression();
        }
        return result;
    }

    SqlStatement condition() {
        SqlStatement result{.kind = Kind::condition};
        result.value = expression();
        result.inner.push_back(statement());
        if (accept({"else"})) {
            result.inner.push_back(statement());
        }
        return result;
    }

    SqlStatement execute() {
        SqlStatement result{.kind = Kind::execute};
        if (peek().text[0] == '@') {
            result.target = word();
            expect_symbol("=");
        }
        result.name = dotted_name();
        do {
            result.argument_names.push_back(word());
            expect_symbol("=");
            result.arguments.push_back(expression());
        } while (accept_symbol(","));
        return result;
    }
};

}  // namespace

std::shared_ptr<const Script> parse(const std::string& sql) {
    static constexpr std::size_t most = 4096;
    static std::mutex mutex;
    static std::unordered_map<std::string, std::shared_ptr<const Script>> known;
    const std::lock_guard lock(mutex);
    auto found = known.find(sql);
    if (found == known.end()) {
        if (known.size() >= most) {
            known.clear();
        }
        try {
            auto script = std::make_shared<const Script>(Parser(tokenize(sql)).script());
            found = known.emplace(sql, std::move(script)).first;
        } catch (const UnknownSql& error) {
            throw UnknownSql(std::string(error.what()) + ", in: " + sql);
        }
    }
    return found->second;
}

}  // namespace dlock::testing
