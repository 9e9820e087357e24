// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/expression_parser.hpp"

#include <charconv>
#include <limits>
#include <memory>
#include <system_error>

namespace dlock::testing {

using Kind = Expression::Kind;

namespace {

// The smallest integer without its sign, which is a decimal number.
constexpr double smallest = 9223372036854775808.0;

Value number_of(const std::string& text) {
    std::int64_t integer = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, integer);
    return read.ec == std::errc() && read.ptr == end ? Value(integer) : Value(std::stod(text));
}

}  // namespace

const Token& ExpressionParser::peek(std::size_t offset) const {
    const std::size_t place = position_ + offset;
    return place < tokens_.size() ? tokens_[place] : tokens_.back();
}

bool ExpressionParser::is_symbol(const char* text, std::size_t offset) const {
    return peek(offset).kind == Token::Kind::symbol && peek(offset).text == text;
}

bool ExpressionParser::is_word(const char* text, std::size_t offset) const {
    return peek(offset).kind == Token::Kind::word && peek(offset).text == text;
}

bool ExpressionParser::accept(std::initializer_list<const char*> words) {
    std::size_t offset = 0;
    for (const char* const text : words) {
        if (!is_word(text, offset++)) {
            return false;
        }
    }
    position_ += words.size();
    return true;
}

bool ExpressionParser::accept_symbol(const char* text) {
    const bool found = is_symbol(text);
    position_ += found ? 1 : 0;
    return found;
}

void ExpressionParser::expect(std::initializer_list<const char*> words) {
    if (!accept(words)) {
        unknown();
    }
}

void ExpressionParser::expect_symbol(const char* text) {
    if (!accept_symbol(text)) {
        unknown();
    }
}

Token ExpressionParser::take() {
    const Token token = peek();
    position_ += at_end() ? 0 : 1;
    return token;
}

std::string ExpressionParser::word() {
    if (peek().kind != Token::Kind::word) {
        unknown();
    }
    return take().text;
}

std::string ExpressionParser::dotted_name() {
    std::string name = word();
    while (accept_symbol(".")) {
        name += "." + word();
    }
    return name;
}

void ExpressionParser::unknown() const {
    throw UnknownSql("unknown SQL at \"" + peek().text + "\", token " + std::to_string(position_));
}

Expression ExpressionParser::operation(const char* name, std::vector<Expression> arguments) {
    return {.kind = Kind::operation, .name = name, .arguments = std::move(arguments)};
}

Expression ExpressionParser::disjunction() {
    Expression left = conjunction();
    while (accept({"or"})) {
        left = operation("or", {std::move(left), conjunction()});
    }
    return left;
}

Expression ExpressionParser::conjunction() {
    Expression left = negation();
    while (accept({"and"})) {
        left = operation("and", {std::move(left), negation()});
    }
    return left;
}

Expression ExpressionParser::negation() {
    return accept({"not"}) ? operation("not", {negation()}) : comparison();
}

Expression ExpressionParser::comparison() {
    Expression left = sum();
    for (const char* const symbol : {"=", "<>", "!=", "<=", ">=", "<", ">"}) {
        if (accept_symbol(symbol)) {
            return operation(std::string(symbol) == "!=" ? "<>" : symbol, {std::move(left), sum()});
        }
    }
    if (accept({"is", "not", "null"})) {
        return operation("is_not_null", {std::move(left)});
    }
    if (accept({"is", "null"})) {
        return operation("is_null", {std::move(left)});
    }
    const bool negated = is_word("not") && is_word("in", 1);
    if (negated || is_word("in")) {
        (void)(negated ? accept({"not", "in"}) : accept({"in"}));
        expect_symbol("(");
        Expression list = operation(negated ? "not_in" : "in", {std::move(left)});
        do {
            list.arguments.push_back(expression());
        } while (accept_symbol(","));
        expect_symbol(")");
        return list;
    }
    return left;
}

Expression ExpressionParser::sum() {
    Expression left = product();
    while (is_symbol("+") || is_symbol("-")) {
        const std::string symbol = take().text;
        left = operation(symbol.c_str(), {std::move(left), product()});
    }
    return left;
}

Expression ExpressionParser::product() {
    Expression left = primary();
    while (is_symbol("*") || is_symbol("/") || is_symbol("&")) {
        const std::string symbol = take().text;
        left = operation(symbol.c_str(), {std::move(left), primary()});
    }
    return left;
}

Expression ExpressionParser::primary() {
    if (accept_symbol("-")) {
        Expression number = primary();
        if (number.value == Value(smallest)) {
            number.value = std::numeric_limits<std::int64_t>::min();
            return number;
        }
        if (auto* const integer = std::get_if<std::int64_t>(&number.value)) {
            *integer = -*integer;
            return number;
        }
        return operation("negative", {std::move(number)});
    }
    if (accept_symbol("(")) {
        if (accept({"select"})) {
            Expression inner{.kind = Kind::subquery,
                             .select = std::make_shared<const Select>(select())};
            expect_symbol(")");
            return inner;
        }
        Expression inner = expression();
        expect_symbol(")");
        return inner;
    }
    const Token token = take();
    switch (token.kind) {
        case Token::Kind::number:
            return {.kind = Kind::literal, .value = number_of(token.text)};
        case Token::Kind::text:
            return {.kind = Kind::literal, .value = token.text};
        case Token::Kind::parameter:
            return {.kind = Kind::parameter, .name = token.text};
        case Token::Kind::word:
            break;
        default:
            unknown();
    }
    if (token.text == "null") {
        return {.kind = Kind::literal};
    }
    if (token.text == "true" || token.text == "false") {
        return {.kind = Kind::literal, .value = std::int64_t{token.text == "true"}};
    }
    if (token.text == "case") {
        return conditional();
    }
    if (token.text == "cast" && accept_symbol("(")) {
        return cast();
    }
    if (token.text == "_utf8mb4") {
        return {.kind = Kind::call, .name = token.text, .arguments = {primary()}};
    }
    if (token.text == "extract" && accept_symbol("(")) {
        expect({"epoch", "from"});
        Expression call{.kind = Kind::call, .name = "extract_epoch", .arguments = {expression()}};
        expect_symbol(")");
        return call;
    }
    std::string name = token.text;
    while (accept_symbol(".")) {
        name += "." + word();
    }
    if (accept_symbol("(")) {
        Expression call{.kind = Kind::call, .name = std::move(name)};
        arguments(call);
        return call;
    }
    return {.kind = name[0] == '@' ? Kind::variable : Kind::column, .name = std::move(name)};
}

void ExpressionParser::arguments(Expression& call) {
    if (accept_symbol(")")) {
        return;
    }
    do {
        std::string name;
        if (is_symbol("=>", 1)) {
            name = word();
            expect_symbol("=>");
        }
        call.argument_names.push_back(std::move(name));
        if ((call.name == "convert" || call.name == "pg_catalog.convert") && is_word("varbinary")) {
            // T-SQL's CONVERT begins with a type.
            call.arguments.push_back({.kind = Kind::literal, .value = word()});
            if (accept_symbol("(")) {
                (void)take();
                expect_symbol(")");
            }
            continue;
        }
        call.arguments.push_back(expression());
        if (accept({"using"})) {
            (void)word();
        }
    } while (accept_symbol(","));
    expect_symbol(")");
}

Expression ExpressionParser::conditional() {
    Expression result{.kind = Kind::conditional};
    while (accept({"when"})) {
        result.arguments.push_back(expression());
        expect({"then"});
        result.arguments.push_back(expression());
    }
    result.arguments.push_back(accept({"else"}) ? expression() : Expression{.kind = Kind::literal});
    expect({"end"});
    return result;
}

Expression ExpressionParser::cast() {
    Expression result{.kind = Kind::cast, .arguments = {expression()}};
    expect({"as"});
    result.name = word();
    if (accept_symbol("(")) {
        (void)take();
        expect_symbol(")");
    }
    expect_symbol(")");
    return result;
}

Select ExpressionParser::select() {
    Select result;
    if (accept({"top"})) {
        (void)primary();  // all of the few rows that there are
    }
    if (is_word("count") && is_symbol("(", 1) && is_symbol("*", 2)) {
        for (int i = 0; i < 4; ++i) {
            (void)take();
        }
        result.counts = true;
    } else {
        do {
            result.items.push_back(expression());
        } while (accept_symbol(","));
    }
    if (accept({"from"})) {
        result.table = dotted_name();
    }
    if (accept({"where"})) {
        result.where = expression();
    }
    return result;
}

}  // namespace dlock::testing
