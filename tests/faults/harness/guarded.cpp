// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/guarded.hpp"

#include <algorithm>

namespace dlock_test {

Guarded::Guarded(Trial& trial) : trial_(trial), table_(trial.key()) {
    std::replace(table_.begin(), table_.end(), '-', '_');
    soci::session& sql = trial_.view().sql();
    sql << "create table " + table_ + " (value bigint)";
    sql << "insert into " + table_ + " values (0)";
    if (trial_.database().is_postgresql()) {
        sql << "grant all on " + table_ + " to \"lock\"";
    }
}

Guarded::~Guarded() {
    try {
        trial_.view().sql() << "drop table " + table_;
    } catch (const soci::soci_error& error) {
        trial_.check(false, std::string("the table stays: ") + error.what());
    }
}

void Guarded::write(soci::session& session, std::int64_t value) const {
    session << "update " + table_ + " set value = " + std::to_string(value);
}

bool Guarded::write_by_token(soci::session& session, std::int64_t token) const {
    const std::string number = std::to_string(token);
    soci::statement update = (session.prepare << "update " + table_ + " set value = " + number +
                                                     " where value < " + number);
    update.execute(true);
    return update.get_affected_rows() == 1;
}

std::int64_t Guarded::read() const {
    long long value = 0;
    trial_.view().sql() << "select value from " + table_, soci::into(value);
    return value;
}

}  // namespace dlock_test
