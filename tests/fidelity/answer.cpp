// SPDX-License-Identifier: BSL-1.0
#include "fidelity/stage.hpp"

#include <algorithm>
#include <cctype>

namespace dlock_test {
namespace {

bool is_integer(const std::string& text) {
    return !text.empty() && std::all_of(text.begin() + (text[0] == '-' ? 1 : 0), text.end(),
                                        [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::string Answer::text() const {
    if (connection_lost) {
        return "connection lost";
    }
    if (!error.empty() && (!rows || rows->empty())) {
        return "error " + error;
    }
    if (!rows) {
        return "ok";
    }
    if (rows->empty()) {
        return "no rows";
    }
    std::string text = error.empty() ? "" : "error " + error + " after ";
    for (const Row& row : *rows) {
        text += &row == rows->data() ? "(" : " (";
        for (const auto& value : row) {
            // Of a result before an error the library reads the numbers only.
            const bool is_told = value && (error.empty() || is_integer(*value));
            text += &value == row.data() ? "" : ", ";
            text += is_told ? *value : error.empty() ? "NULL" : "-";
        }
        text += ")";
    }
    return text;
}

}  // namespace dlock_test
