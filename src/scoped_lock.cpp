// SPDX-License-Identifier: BSL-1.0
#include <dlock/scoped_lock.hpp>

#include <utility>

namespace dlock {

ScopedLock::ScopedLock(soci::session& session, const Key& key, LockOptions options,
                       const std::stop_token& stop)
    : lock_(create_lock(session, key, std::move(options))) {
    acquire(stop);
}

ScopedLock::ScopedLock(soci::connection_pool& pool, const Key& key, LockOptions options,
                       const std::stop_token& stop)
    : lock_(create_lock(pool, key, std::move(options))) {
    acquire(stop);
}

ScopedLock::~ScopedLock() = default;

void ScopedLock::acquire(const std::stop_token& stop) {
    const std::optional<Duration>& timeout = lock_->options().timeout;
    if (!lock_->acquire(timeout ? Wait(*timeout) : forever, stop)) {
        const std::string name = lock_->key().to_string();
        throw LockError(errc::timed_out, "the key \"" + name + "\" is held by another session",
                        name);
    }
}

void ScopedLock::release() {
    lock_->close();
}

}  // namespace dlock
