// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/tokens.hpp"

#include <algorithm>
#include <cctype>

namespace dlock::testing {
namespace {

bool is_word_start(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '@';
}

bool is_word(char c) {
    return is_word_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '$';
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

class Tokenizer {
  public:
    explicit Tokenizer(std::string_view sql) : sql_(sql) {}

    // MariaDB executes what stands in a comment that begins with M! and a version.
    void open_executable_comment() {
        constexpr std::string_view start = "/*M!";
        if (sql_.substr(position_, start.size()) == start) {
            position_ += start.size();
            (void)take_while(
                [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
            in_comment_ = true;
        } else if (in_comment_ && sql_.substr(position_, 2) == "*/") {
            position_ += 2;
            in_comment_ = false;
        }
    }

    std::vector<Token> run() {
        while (skip_space()) {
            open_executable_comment();
            if (skip_space()) {
                tokens_.push_back(next());
            }
        }
        tokens_.push_back({});
        return std::move(tokens_);
    }

  private:
    char at(std::size_t offset) const {
        return position_ + offset < sql_.size() ? sql_[position_ + offset] : '\0';
    }

    bool skip_space() {
        while (position_ < sql_.size() &&
               std::isspace(static_cast<unsigned char>(sql_[position_])) != 0) {
            ++position_;
        }
        return position_ < sql_.size();
    }

    std::string_view take_while(bool (*belongs)(char)) {
        const std::size_t start = position_;
        while (position_ < sql_.size() && belongs(sql_[position_])) {
            ++position_;
        }
        return sql_.substr(start, position_ - start);
    }

    Token next() {
        const char c = at(0);
        if ((c == 'x' || c == 'X') && (at(1) == '\'' || at(1) == ':')) {
            ++position_;  // X'...', or X:key, which the driver of the database quotes
            if (at(0) == ':') {
                Token token = next();
                token.text = "hex " + token.text;
                return token;
            }
            return {Token::Kind::text, bytes_of(quoted())};
        }
        if ((c == 'n' || c == 'N') && at(1) == '\'') {
            ++position_;
            return {Token::Kind::text, quoted()};
        }
        if (c == '0' && at(1) == 'x') {
            position_ += 2;
            return {Token::Kind::text, bytes_of(std::string(take_while([](char digit) {
                        return std::isxdigit(static_cast<unsigned char>(digit)) != 0;
                    })))};
        }
        if (is_word_start(c)) {
            return {Token::Kind::word, lower(take_while(is_word))};
        }
        if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            return {Token::Kind::number, std::string(take_while([](char digit) {
                        return std::isdigit(static_cast<unsigned char>(digit)) != 0 || digit == '.';
                    }))};
        }
        if (c == '\'') {
            return {Token::Kind::text, quoted()};
        }
        if (c == '/' && at(1) == '*' && at(2) == '+') {
            const std::size_t end = sql_.find("*/", position_);
            if (end == std::string_view::npos) {
                throw UnknownSql("a comment without an end");
            }
            Token token{Token::Kind::hint, lower(sql_.substr(position_ + 3, end - position_ - 3))};
            position_ = end + 2;
            return token;
        }
        if (c == ':' && is_word_start(at(1))) {
            ++position_;
            return {Token::Kind::parameter, lower(take_while(is_word))};
        }
        for (const char* const symbol : {"<>", "<=", ">=", "=>", ":=", "!="}) {
            if (sql_.substr(position_, 2) == symbol) {
                position_ += 2;
                return {Token::Kind::symbol, symbol};
            }
        }
        if (std::string_view("(),;=<>+-*/.&").find(c) == std::string_view::npos) {
            throw UnknownSql("unknown character in: " + std::string(sql_));
        }
        ++position_;
        return {Token::Kind::symbol, std::string(1, c)};
    }

    std::string quoted() {
        std::string text;
        ++position_;
        while (position_ < sql_.size()) {
            if (at(0) == '\'' && at(1) != '\'') {
                ++position_;
                return text;
            }
            position_ += at(0) == '\'' ? 1 : 0;
            text += at(0);
            ++position_;
        }
        throw UnknownSql("a quotation mark is missing in: " + std::string(sql_));
    }

    static std::string bytes_of(const std::string& hex) {
        std::string bytes;
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
            bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
        }
        return bytes;
    }

    std::string_view sql_;
    std::size_t position_ = 0;
    bool in_comment_ = false;
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view sql) {
    return Tokenizer(sql).run();
}

}  // namespace dlock::testing
