// SPDX-License-Identifier: BSL-1.0
#include "lock_state.hpp"

#include <dlock/base_lock.hpp>
#include <dlock/detail/current_error.hpp>

#include <utility>

namespace dlock {
namespace {

// Runs `function`; what it throws becomes `error`, and the result is then the default one.
template <class Function>
auto catch_error(std::error_code& error, Function function) noexcept {
    using Result = decltype(function());
    error.clear();
    try {
        return function();
    } catch (...) {
        error = detail::current_error();
    }
    return Result();
}

}  // namespace

BaseLock::BaseLock(std::unique_ptr<detail::LockState> state) : state_(std::move(state)) {}

BaseLock::~BaseLock() = default;

void BaseLock::lock() {
    (void)acquire(forever);
}

bool BaseLock::try_lock() {
    return acquire(no_wait);
}

void BaseLock::unlock() noexcept {
    state_->unlock();
}

void BaseLock::lock_shared() {
    (void)acquire_shared(forever);
}

bool BaseLock::try_lock_shared() {
    return acquire_shared(no_wait);
}

void BaseLock::unlock_shared() noexcept {
    state_->unlock();
}

bool BaseLock::acquire(Wait wait, const std::stop_token& stop) {
    return state_->acquire(options().effective_mode(), wait, stop);
}

bool BaseLock::acquire(Wait wait, const std::stop_token& stop, std::error_code& error) noexcept {
    return catch_error(error, [&] { return acquire(wait, stop); });
}

bool BaseLock::acquire(Wait wait, std::error_code& error) noexcept {
    return catch_error(error, [&] { return acquire(wait); });
}

bool BaseLock::acquire_shared(Wait wait, const std::stop_token& stop) {
    return state_->acquire(Mode::shared, wait, stop);
}

bool BaseLock::acquire_shared(Wait wait, const std::stop_token& stop,
                              std::error_code& error) noexcept {
    return catch_error(error, [&] { return acquire_shared(wait, stop); });
}

void BaseLock::release() {
    state_->release();
}

void BaseLock::release(std::error_code& error) noexcept {
    catch_error(error, [&] { release(); });
}

void BaseLock::close() {
    state_->close();
}

void BaseLock::close(std::error_code& error) noexcept {
    catch_error(error, [&] { close(); });
}

bool BaseLock::locked() const noexcept {
    return state_->locked();
}

BaseLock::State BaseLock::state() const noexcept {
    return state_->state();
}

bool BaseLock::verify() {
    return state_->verify();
}

bool BaseLock::verify(std::error_code& error) noexcept {
    return catch_error(error, [&] { return verify(); });
}

void BaseLock::on_lost(std::function<void(const LockError&)> handler) {
    state_->on_lost(std::move(handler));
}

std::stop_token BaseLock::lost_token() {
    return state_->lost_token();
}

std::optional<std::int64_t> BaseLock::fencing_token() const noexcept {
    return state_->fencing_token();
}

const Key& BaseLock::key() const noexcept {
    return state_->parts().key;
}

const ActualKey& BaseLock::actual_key() const noexcept {
    return state_->parts().actual_key;
}

const LockOptions& BaseLock::options() const noexcept {
    return state_->parts().options;
}

const Capabilities& BaseLock::capabilities() const noexcept {
    return state_->parts().capabilities;
}

std::optional<LockError> BaseLock::last_error() const {
    return state_->last_error();
}

int BaseLock::descriptor() const noexcept {
    return state_->parts().driver->descriptor();
}

}  // namespace dlock
