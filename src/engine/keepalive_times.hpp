// How keepalive probes fill a time.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>

namespace dlock::detail {

/// The first probe after `idle` seconds without a word, and the end after `count` more without an
/// answer, `interval` seconds apart: together not longer than `silence`, if that is two or more.
struct KeepaliveTimes {
    explicit KeepaliveTimes(std::chrono::seconds silence) noexcept
        : idle(std::max(1, static_cast<int>(silence.count()) / 2)),
          interval(std::max(1, (static_cast<int>(silence.count()) - idle) / 3)),
          count(std::max(1, (static_cast<int>(silence.count()) - idle) / interval)) {}

    int idle;
    int interval;
    int count;
};

}  // namespace dlock::detail
