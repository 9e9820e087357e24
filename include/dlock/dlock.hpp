// All of soci-dlock but its optional components.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/base_lock.hpp>
#include <dlock/capabilities.hpp>
#include <dlock/error.hpp>
#include <dlock/factory.hpp>
#include <dlock/fencing.hpp>
#include <dlock/keepalive.hpp>
#include <dlock/key.hpp>
#include <dlock/options.hpp>
#include <dlock/scoped_lock.hpp>
#include <dlock/session_traits.hpp>
#include <dlock/version.hpp>
#include <dlock/wait.hpp>
