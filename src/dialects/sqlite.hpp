// Locks beside an SQLite database: what the driver's answers mean.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/dialect.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/error.hpp>

#include <memory>

namespace dlock::detail {

[[nodiscard]] Capabilities sqlite_capabilities();

/// SQLite has no locks of this kind and no SQL is sent: the driver acts on Statement::purpose, mode
/// and limit. It answers 1 or 0 in the first column: granted or busy, released or not held, held or
/// not held; or fails with an errno, EINTR for a wait that was cancelled.
[[nodiscard]] std::unique_ptr<Dialect> make_sqlite_dialect();

/// What an errno of the lock file means.
/// Of an errno of the side file.
[[nodiscard]] errc sqlite_errc(int error) noexcept;

/// Of a result code of SQLite.
[[nodiscard]] errc sqlite_result_errc(int result) noexcept;

}  // namespace dlock::detail
