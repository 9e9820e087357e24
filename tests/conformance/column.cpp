// SPDX-License-Identifier: BSL-1.0
#include "conformance/column.hpp"

#include <algorithm>
#include <ostream>

namespace dlock_test {
namespace {

std::vector<Column> all_columns() {
    std::vector<Column> all;
    for (const Database& database : databases()) {
        for (const Road road : roads()) {
            all.push_back({database, road});
        }
    }
    return all;
}

}  // namespace

std::string Column::test_name() const {
    std::string text = name + suffix(road);
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
}

std::ostream& operator<<(std::ostream& out, const Column& column) {
    return out << column.name << suffix(column.road);
}

const std::vector<Column>& columns() {
    static const std::vector<Column> all = all_columns();
    return all;
}

}  // namespace dlock_test
