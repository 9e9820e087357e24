// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/execution.hpp"

#include "support/simulator/tokens.hpp"

#include <string>

namespace dlock::testing {
namespace {

constexpr const char* fencing_table = "dlock.fencing";

}  // namespace

std::string bytes_of_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

std::string utf8_of_utf16(const std::string& bytes) {
    const auto unit = [&](std::size_t i) -> std::uint32_t {
        return static_cast<unsigned char>(bytes[i]) |
               static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8U;
    };
    std::string text;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        std::uint32_t point = unit(i);
        if (point >= 0xD800 && point < 0xDC00 && i + 3 < bytes.size()) {
            i += 2;
            point = 0x10000 + ((point - 0xD800) << 10U) + (unit(i) - 0xDC00);
        }
        const auto add = [&](std::uint32_t lead, unsigned shift) {
            text += static_cast<char>(lead | (point >> shift & 0x3FU));
        };
        if (point < 0x80) {
            text += static_cast<char>(point);
        } else if (point < 0x800) {
            text += static_cast<char>(0xC0 | point >> 6U);
            add(0x80, 0);
        } else if (point < 0x10000) {
            text += static_cast<char>(0xE0 | point >> 12U);
            add(0x80, 6);
            add(0x80, 0);
        } else {
            text += static_cast<char>(0xF0 | point >> 18U);
            add(0x80, 12);
            add(0x80, 6);
            add(0x80, 0);
        }
    }
    return text;
}

void Execution::unknown(const std::string& name) {
    throw SqlError(0, "42703", "unknown SQL: " + name);
}

Value Execution::parameter(const std::string& name) {
    constexpr std::string_view hex = "hex ";
    const bool is_hex = name.starts_with(hex);
    const auto found = session_.parameters->find(is_hex ? name.substr(hex.size()) : name);
    if (found == session_.parameters->end()) {
        unknown(":" + name);
    }
    return is_hex ? Value(bytes_of_hex(to_text(found->second))) : found->second;
}

Value Execution::variable(const std::string& name) {
    const auto found = session_.variables.find(name);
    if (found == session_.variables.end()) {
        unknown(name);
    }
    return found->second;
}

Value Execution::cast(const std::string& type, const Value& value) {
    if (type == "bigint" || type == "int" || type == "signed") {
        return is_null(value) ? Value() : Value(dlock::testing::to_integer(value));
    }
    unknown("CAST AS " + type);
}

std::vector<Scope::Row> Execution::table(const std::string& name) {
    const std::int64_t* const counter = server_.fencing_counter();
    if (name != fencing_table || counter == nullptr) {
        unknown(name);
    }
    return {{{"id", std::int64_t{1}}, {"token", *counter}}};
}

bool Execution::update(const SqlStatement& statement) {
    std::int64_t* const counter = server_.fencing_counter();
    if (statement.name != fencing_table || counter == nullptr) {
        return false;
    }
    if (statement.target != "token" || session_.transaction != Transaction::none) {
        unknown("UPDATE");
    }
    result_ = {.has_columns = !statement.select.items.empty(),
               .columns = statement.select.items.size(),
               .rows = {}};
    Row row = Execution::table(fencing_table).front();
    if (!is_true(evaluate(*statement.select.where, *this, &row))) {
        return true;
    }
    *counter = dlock::testing::to_integer(evaluate(*statement.value, *this, &row));
    row["token"] = row["inserted.token"] = *counter;
    std::vector<Value> values;
    for (const Expression& item : statement.select.items) {
        values.push_back(evaluate(item, *this, &row));
    }
    if (!values.empty()) {
        result_.rows.push_back(std::move(values));
    }
    return true;
}

void Execution::take_result(const Select& select) {
    result_.has_columns = true;
    result_.rows = evaluate(select, *this);
    result_.columns = select.counts ? 1 : select.items.size();
}

void Execution::release_transaction_locks() {
    server_.locks().release_if(
        [&](const Grant& grant) { return grant.xact && grant.session == session_.id; });
}

void Execution::end_session(SessionId id) {
    if (ServerSession* const other = server_.find(id)) {
        server_.end(*other);
    }
}

void Execution::end_statement(SessionId id) {
    ServerSession* const other = server_.find(id);
    if (other != nullptr && other->executing) {
        other->cancel_pending = true;
        if (other->sleeper != nullptr) {
            other->sleeper->wake();
        }
    }
}

}  // namespace dlock::testing
