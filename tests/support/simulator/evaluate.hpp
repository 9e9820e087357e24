// What expressions are worth.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/syntax.hpp"

#include <map>
#include <string>
#include <vector>

namespace dlock::testing {

/// What a name in an expression stands for: the session that evaluates it.
class Scope {
  public:
    virtual ~Scope() = default;
    Scope() = default;
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    /// May wait, and throw SqlError. `names` are those of named arguments.
    virtual Value call(const std::string& name, const std::vector<Value>& arguments,
                       const std::vector<std::string>& names) = 0;
    virtual Value parameter(const std::string& name) = 0;
    virtual Value variable(const std::string& name) = 0;
    virtual Value cast(const std::string& type, const Value& value) = 0;

    using Row = std::map<std::string, Value>;
    virtual std::vector<Row> table(const std::string& name) = 0;
};

/// `row` gives the columns. Only what is needed is evaluated: CASE, IF, AND and OR.
[[nodiscard]] Value evaluate(const Expression& expression, Scope& scope,
                             const Scope::Row* row = nullptr);

/// The rows of a SELECT.
[[nodiscard]] std::vector<std::vector<Value>> evaluate(const Select& select, Scope& scope);

}  // namespace dlock::testing
