// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/evaluate.hpp"

#include "support/simulator/tokens.hpp"

namespace dlock::testing {
namespace {

using Kind = Expression::Kind;

Value truth(bool value) {
    return std::int64_t{value};
}

bool are_integers(const Value& left, const Value& right) {
    return std::holds_alternative<std::int64_t>(left) &&
           std::holds_alternative<std::int64_t>(right);
}

int compare(const Value& left, const Value& right) {
    if (are_integers(left, right)) {
        const auto a = std::get<std::int64_t>(left);
        const auto b = std::get<std::int64_t>(right);
        return a < b ? -1 : a > b ? 1 : 0;
    }
    if (std::holds_alternative<std::string>(left) && std::holds_alternative<std::string>(right)) {
        return std::get<std::string>(left).compare(std::get<std::string>(right));
    }
    const double difference = to_number(left) - to_number(right);
    return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

Value binary(const std::string& name, const Value& left, const Value& right) {
    if (is_null(left) || is_null(right)) {
        return {};
    }
    if (name == "=") {
        return truth(compare(left, right) == 0);
    }
    if (name == "<>") {
        return truth(compare(left, right) != 0);
    }
    if (name == "<") {
        return truth(compare(left, right) < 0);
    }
    if (name == "<=") {
        return truth(compare(left, right) <= 0);
    }
    if (name == ">") {
        return truth(compare(left, right) > 0);
    }
    if (name == ">=") {
        return truth(compare(left, right) >= 0);
    }
    if (name == "/") {
        return to_number(left) / to_number(right);
    }
    if (are_integers(left, right)) {
        // Wraps around as the machine does: minus the smallest number is written so.
        const auto a = static_cast<std::uint64_t>(std::get<std::int64_t>(left));
        const auto b = static_cast<std::uint64_t>(std::get<std::int64_t>(right));
        return static_cast<std::int64_t>(name == "+"   ? a + b
                                         : name == "-" ? a - b
                                         : name == "&" ? a & b
                                                       : a * b);
    }
    const double a = to_number(left);
    const double b = to_number(right);
    return name == "+" ? a + b : name == "-" ? a - b : a * b;
}

Value membership(const Expression& list, Scope& scope, const Scope::Row* row) {
    const Value left = evaluate(list.arguments[0], scope, row);
    if (is_null(left)) {
        return {};
    }
    bool found = false;
    for (std::size_t i = 1; i < list.arguments.size(); ++i) {
        found = found || compare(left, evaluate(list.arguments[i], scope, row)) == 0;
    }
    return truth(found == (list.name == "in"));
}

Value operate(const Expression& expression, Scope& scope, const Scope::Row* row) {
    const std::string& name = expression.name;
    if (name == "in" || name == "not_in") {
        return membership(expression, scope, row);
    }
    const Value left = evaluate(expression.arguments[0], scope, row);
    if (name == "is_null" || name == "is_not_null") {
        return truth(is_null(left) == (name == "is_null"));
    }
    if (name == "not") {
        return is_null(left) ? Value() : truth(!is_true(left));
    }
    if (name == "negative") {
        return binary("-", std::int64_t{0}, left);
    }
    if ((name == "and" || name == "or") && !is_null(left) && is_true(left) == (name == "or")) {
        return truth(name == "or");
    }
    const Value right = evaluate(expression.arguments[1], scope, row);
    if (name != "and" && name != "or") {
        return binary(name, left, right);
    }
    if (!is_null(right) && is_true(right) == (name == "or")) {
        return truth(name == "or");
    }
    return is_null(left) || is_null(right) ? Value() : truth(name == "and");
}

Value choose(const Expression& expression, Scope& scope, const Scope::Row* row) {
    const auto& arguments = expression.arguments;
    std::size_t i = 0;
    for (; i + 1 < arguments.size(); i += 2) {
        if (is_true(evaluate(arguments[i], scope, row))) {
            return evaluate(arguments[i + 1], scope, row);
        }
    }
    return evaluate(arguments[i], scope, row);
}

}  // namespace

Value evaluate(const Expression& expression, Scope& scope, const Scope::Row* row) {
    switch (expression.kind) {
        case Kind::literal:
            return expression.value;
        case Kind::parameter:
            return scope.parameter(expression.name);
        case Kind::variable:
            return scope.variable(expression.name);
        case Kind::column:
            if (row != nullptr) {
                const auto found = row->find(expression.name);
                if (found != row->end()) {
                    return found->second;
                }
            }
            return scope.call(expression.name, {}, {});  // some need no parentheses
        case Kind::operation:
            return operate(expression, scope, row);
        case Kind::conditional:
            return choose(expression, scope, row);
        case Kind::cast:
            return scope.cast(expression.name, evaluate(expression.arguments[0], scope, row));
        case Kind::subquery: {
            const auto rows = evaluate(*expression.select, scope);
            return rows.empty() ? Value() : rows[0].at(0);
        }
        case Kind::call:
            break;
    }
    if (expression.name == "if" && expression.arguments.size() == 3) {
        return choose(expression, scope, row);
    }
    std::vector<Value> arguments;
    arguments.reserve(expression.arguments.size());
    for (const Expression& argument : expression.arguments) {
        arguments.push_back(evaluate(argument, scope, row));
    }
    return scope.call(expression.name, arguments, expression.argument_names);
}

std::vector<std::vector<Value>> evaluate(const Select& select, Scope& scope) {
    std::vector<Scope::Row> source{Scope::Row{}};
    if (!select.table.empty()) {
        source = scope.table(select.table);
    }
    std::vector<std::vector<Value>> rows;
    std::int64_t count = 0;
    for (const Scope::Row& row : source) {
        if (select.where && !is_true(evaluate(*select.where, scope, &row))) {
            continue;
        }
        ++count;
        if (!select.counts) {
            std::vector<Value>& values = rows.emplace_back();
            for (const Expression& item : select.items) {
                values.push_back(evaluate(item, scope, &row));
            }
        }
    }
    if (select.counts) {
        rows.push_back({Value(count)});
    }
    return rows;
}

}  // namespace dlock::testing
