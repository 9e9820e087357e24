// The SQL that simulated servers understand, parsed.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/value.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dlock::testing {

struct Select;

/// An expression. Names are in lower case.
struct Expression {
    enum class Kind {
        literal,    // value
        parameter,  // name, without its colon
        variable,   // name, with its @
        column,     // name
        call,       // name(arguments)
        operation,  // name: = <> < <= > >= + - * and or not negative is_null is_not_null in not_in
        conditional,  // CASE: arguments are condition, result, condition, result, ..., else
        cast,         // CAST(arguments[0] AS name)
        subquery,     // (SELECT ...)
    };
    Kind kind = Kind::literal;
    std::string name{};
    Value value{};
    std::vector<Expression> arguments{};
    /// Of a call with named arguments; empty where an argument has no name.
    std::vector<std::string> argument_names{};
    std::shared_ptr<const Select> select{};
};

struct Select {
    std::vector<Expression> items;
    /// SELECT count(*).
    bool counts = false;
    std::string table;
    std::optional<Expression> where;
};

/// One statement.
struct SqlStatement {
    enum class Kind {
        select,  // select
        begin,   // words: the transaction's options
        commit,
        rollback,
        savepoint,    // name
        rollback_to,  // name
        release,      // name
        set,          // name, value; `local`
        show,         // name
        declare,      // name, value
        assign,       // name, value: SET @x = ..., or :rc := ...
        condition,    // value; inner: then, else
        execute,      // name (the procedure), target (the variable), arguments
        kill,         // value; `local` for KILL QUERY
        update,       // name (the table), target (the column), value; select: what is given back
        set_transaction,
        discard_all,
    };
    Kind kind = Kind::select;
    std::string name{};
    std::string target{};
    std::string words{};
    bool local = false;
    Select select{};
    std::optional<Expression> value{};
    std::vector<Expression> arguments{};
    std::vector<std::string> argument_names{};
    std::vector<SqlStatement> inner{};
    /// MySQL's hint MAX_EXECUTION_TIME and MariaDB's SET STATEMENT max_statement_time, in seconds.
    std::optional<double> hint{};
    std::optional<double> set_for_statement{};
};

using Script = std::vector<SqlStatement>;

}  // namespace dlock::testing
