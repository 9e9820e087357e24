// Reads expressions and SELECTs.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/syntax.hpp"
#include "support/simulator/tokens.hpp"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace dlock::testing {

class ExpressionParser {
  public:
    explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    Expression expression() { return disjunction(); }
    /// After the word SELECT.
    Select select();

  protected:
    [[nodiscard]] const Token& peek(std::size_t offset = 0) const;
    [[nodiscard]] bool at_end() const { return peek().kind == Token::Kind::end; }
    [[nodiscard]] bool is_symbol(const char* text, std::size_t offset = 0) const;
    [[nodiscard]] bool is_word(const char* text, std::size_t offset = 0) const;
    /// Takes the words if they come next, all of them.
    bool accept(std::initializer_list<const char*> words);
    bool accept_symbol(const char* text);
    void expect(std::initializer_list<const char*> words);
    void expect_symbol(const char* text);
    std::string word();
    std::string dotted_name();
    Token take();
    /// A call's arguments, after the opening parenthesis.
    void arguments(Expression& call);
    [[noreturn]] void unknown() const;

  private:
    Expression disjunction();
    Expression conjunction();
    Expression negation();
    Expression comparison();
    Expression sum();
    Expression product();
    Expression primary();
    Expression conditional();
    Expression cast();
    static Expression operation(const char* name, std::vector<Expression> arguments);

    std::vector<Token> tokens_;
    std::size_t position_ = 0;
};

}  // namespace dlock::testing
