// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql_sql.hpp"

namespace dlock::detail {

std::string mysql_guarded(const MysqlSettings& settings, std::uint64_t identity,
                          std::string_view then, int otherwise) {
    std::string sql;
    if (!settings.check_identity || identity == 0) {
        return sql.append(then);
    }
    return sql.append("IF(CONNECTION_ID() = ")
        .append(std::to_string(identity))
        .append(", ")
        .append(then)
        .append(", ")
        .append(std::to_string(otherwise))
        .append(")");
}

}  // namespace dlock::detail
