// How a lock is watched for its loss.
// SPDX-License-Identifier: BSL-1.0
#include "engine/blocking.hpp"
#include "lock_state.hpp"
#include "operations/probe.hpp"

#include <system_error>
#include <utility>

namespace dlock::detail {

void LockState::on_lost(LossHandler handler) {
    check_watchable();
    on_lost_ = handler;
    if (state() == State::lost && watch_ == nullptr) {
        call(handler, loss());
    } else if (watch_ != nullptr) {
        watch_->set_handler(std::move(handler));
    } else if (state_ == State::locked) {
        watch_held_lock();
        if (state_ == State::lost) {
            call(handler, loss());
        }
    }
}

std::stop_token LockState::lost_token() {
    check_watchable();
    if (state_ == State::locked && watch_ == nullptr) {
        watch_held_lock();
    }
    if (watch_ != nullptr) {
        return watch_->token();
    }
    std::stop_source source;
    if (state_ == State::lost) {
        source.request_stop();
    }
    return source.get_token();
}

LockError LockState::loss() const {
    return {errc::lock_lost,
            parts_.capabilities.database +
                ": its session has ended, does not answer, or does not hold it any more",
            parts_.key.to_string()};
}

void LockState::end_lost_hold() {
    const char* const how = watch_ != nullptr ? watch_->how() : "it was found not to be held";
    end_hold();
    fail(errc::lock_lost, how);
}

bool LockState::has_real_time() const noexcept {
    return &parts_.driver->world() == &World::real();
}

void LockState::check_watchable() const {
    check_process("make a session and a lock of the child's own after a fork");
    if (async_link_ != nullptr) {
        const std::lock_guard guard(async_link_->mutex);
        if (async_link_->run != nullptr) {
            fail(errc::session_busy,
                 "an asynchronous operation on the lock is under way; wait for its end");
        }
    }
    if (has_real_time() && !parts_.options.verify_interval && !parts_.driver->tells_its_end()) {
        fail(errc::not_supported,
             "the client library does not tell when a session ends; set verify_interval, or call "
             "verify()");
    }
}

void LockState::watch_held_lock() {
    const SessionUse use(*this);
    if (!same_session()) {
        lose(State::lost);  // and nobody would be told by the connection that there is now
        return;
    }
    make_watch();
    begin_watch();
}

void LockState::prepare_watch() {
    prepared_watch_.clear();
    if (watch_ == nullptr && (on_lost_ || parts_.options.verify_interval)) {
        make_watch();
    }
}

void LockState::make_watch() {
    if (!has_real_time()) {
        return;  // operations alone tell of a loss
    }
    try {
        auto watch = std::make_shared<LossWatch>(
            parts_.driver->socket(), parts_.options.verify_interval, [this] { return probe(); },
            loss());
        watch->set_handler(on_lost_);
        LossWatcher::instance().start();
        prepared_watch_.assign(1, watch);
    } catch (const std::system_error&) {
        fail(errc::resource_exhausted, "there is no descriptor or thread left to watch it with");
    }
}

void LockState::begin_watch() noexcept {
    if (!prepared_watch_.empty()) {
        watch_ = prepared_watch_.front();
        LossWatcher::instance().add(prepared_watch_);
    }
}

void LockState::end_watch() noexcept {
    if (watch_ != nullptr) {
        LossWatcher::instance().remove(*watch_);
        watch_->end();
        watch_->let_go();
    }
}

// What the watcher has found becomes the state.
void LockState::notice_loss() noexcept {
    if (!in_this_process() || state_ != State::locked || state() != State::lost) {
        return;
    }
    const bool silent = watch_->silent();
    lose(State::lost);
    if (silent) {
        // It may hold the lock all the same, and would keep it.
        parts_.driver->abandon();
    }
}

// On a thread of the watcher's choice.
Held LockState::probe() noexcept {
    const std::unique_lock use(record_->use, std::try_to_lock);
    if (!use.owns_lock() || record_->in_use) {
        return Held::not_asked;
    }
    if (!same_session()) {
        return Held::no;
    }
    try {
        ProbeOperation operation(*parts_.dialect, *parts_.driver, mode_);
        run_blocking(*parts_.driver, operation);
        end_lost_connection();
        return operation.answer();
    } catch (...) {
        return Held::unknown;
    }
}

}  // namespace dlock::detail
