// SQL text, cut into tokens.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dlock::testing {

/// The simulated server does not know this SQL.
class UnknownSql : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Token {
    enum class Kind { word, number, text, parameter, hint, symbol, end };
    Kind kind = Kind::end;
    /// Words in lower case; text without its quotes, and X'...' and 0x... as the bytes.
    std::string text;
};

/// Throws UnknownSql.
[[nodiscard]] std::vector<Token> tokenize(std::string_view sql);

}  // namespace dlock::testing
