// MySQL's and MariaDB's user-level locks (GET_LOCK).
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/mysql_key.hpp"
#include "engine/dialect.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/key.hpp>

#include <memory>

namespace dlock::detail {

struct MysqlSettings {
    MysqlFlavour flavour = MysqlFlavour::mysql;
    /// Take nothing unless the statement runs on the server session that the client knows.
    bool check_identity = true;
};

[[nodiscard]] Capabilities mysql_capabilities(MysqlFlavour flavour);

/// Precondition: `key` has passed check_mysql_key().
[[nodiscard]] std::unique_ptr<Dialect> make_mysql_dialect(const MysqlSettings& settings,
                                                          const ActualKey& key);

}  // namespace dlock::detail
