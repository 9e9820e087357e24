// dlock::errc as an error of Boost.System.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/error.hpp>

#include <boost/system/error_code.hpp>

#include <type_traits>

/// `error == dlock::errc::lock_lost` works for a boost::system::error_code.
template <>
struct boost::system::is_error_code_enum<dlock::errc> : std::true_type {};
