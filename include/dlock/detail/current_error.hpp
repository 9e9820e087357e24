// What a caught exception is as an error code.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>

#include <new>
#include <system_error>

namespace dlock::detail {

/// The code of the exception that is being handled. Precondition: inside a catch clause.
[[nodiscard]] inline std::error_code current_error() noexcept {
    try {
        throw;
    } catch (const std::system_error& error) {
        return error.code();
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(errc::database_error);
    }
}

}  // namespace dlock::detail
