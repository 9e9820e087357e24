// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/walk.hpp"

namespace dlock::testing {
namespace {

using Visit = std::function<void(const Expression& call)>;

void walk(const Select& select, const Visit& visit);

void walk(const Expression& expression, const Visit& visit) {
    for (const Expression& argument : expression.arguments) {
        walk(argument, visit);
    }
    if (expression.kind == Expression::Kind::call) {
        visit(expression);
    }
    if (expression.select != nullptr) {
        walk(*expression.select, visit);
    }
}

void walk(const Select& select, const Visit& visit) {
    for (const Expression& item : select.items) {
        walk(item, visit);
    }
    if (select.where) {
        walk(*select.where, visit);
    }
}

}  // namespace

void for_each_call(const SqlStatement& statement, const Visit& visit) {
    walk(statement.select, visit);
    if (statement.value) {
        walk(*statement.value, visit);
    }
}

}  // namespace dlock::testing
