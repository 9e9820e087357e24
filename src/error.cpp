// SPDX-License-Identifier: BSL-1.0
#include <dlock/error.hpp>

#include <new>
#include <utility>

namespace dlock {
namespace {

struct Row {
    errc code;
    const char* text;
    std::errc condition;
    Retry retry;
};

constexpr Row table[] = {
    {errc::timed_out, "the lock was not granted in time", std::errc::timed_out, Retry::same_call},
    {errc::cancelled, "the wait for the lock was cancelled", std::errc::operation_canceled,
     Retry::same_call},
    {errc::deadlock, "waiting for the lock would be a deadlock",
     std::errc::resource_deadlock_would_occur, Retry::new_transaction},
    {errc::lock_lost, "the lock was lost before it was released", std::errc::no_lock_available,
     Retry::never},
    {errc::already_locked, "the lock is already held", std::errc::device_or_resource_busy,
     Retry::never},
    {errc::not_locked, "the lock is not held", std::errc::operation_not_permitted, Retry::never},
    {errc::held_by_transaction, "the lock is held until its transaction ends",
     std::errc::operation_not_permitted, Retry::never},
    {errc::session_lost, "the database session is gone", std::errc::not_connected,
     Retry::new_session},
    {errc::session_changed, "the database session is not the one the lock belongs to",
     std::errc::not_connected, Retry::new_session},
    {errc::pooler_detected, "a connection pooler stands before the server",
     std::errc::not_supported, Retry::never},
    {errc::read_replica, "the server is a read replica", std::errc::not_supported,
     Retry::new_session},
    {errc::no_transaction, "a transaction-level lock needs a transaction",
     std::errc::operation_not_permitted, Retry::never},
    {errc::transaction_failed, "the session's transaction has failed and must be rolled back",
     std::errc::operation_not_permitted, Retry::new_transaction},
    {errc::stale_snapshot, "the transaction would read data older than the lock",
     std::errc::operation_not_permitted, Retry::new_transaction},
    {errc::session_busy, "the session is busy with another command",
     std::errc::device_or_resource_busy, Retry::same_call},
    {errc::interrupted, "the wait for the lock was interrupted on the server",
     std::errc::interrupted, Retry::same_call},
    {errc::not_supported, "the database cannot do what the lock's options ask for",
     std::errc::not_supported, Retry::never},
    {errc::invalid_key, "the key does not fit the database", std::errc::invalid_argument,
     Retry::never},
    {errc::invalid_option, "the lock's options are not valid", std::errc::invalid_argument,
     Retry::never},
    {errc::unknown_backend, "no lock is known for this SOCI backend", std::errc::not_supported,
     Retry::never},
    {errc::permission_denied, "the login may not do what the lock needs",
     std::errc::permission_denied, Retry::never},
    {errc::resource_exhausted, "the server is out of a resource that the lock needs",
     std::errc::resource_unavailable_try_again, Retry::same_call},
    {errc::wrong_process, "the lock belongs to another process", std::errc::operation_not_permitted,
     Retry::never},
    {errc::no_fencing_schema, "the database has no counter for fencing tokens",
     std::errc::not_supported, Retry::never},
    {errc::transaction_open, "a fencing token cannot be drawn in an open transaction",
     std::errc::operation_not_permitted, Retry::never},
    {errc::database_error, "the database reported an error", std::errc::io_error, Retry::never},
};

const Row* find(int code) noexcept {
    for (const Row& row : table) {
        if (static_cast<int>(row.code) == code) {
            return &row;
        }
    }
    return nullptr;
}

class Category final : public std::error_category {
  public:
    const char* name() const noexcept override { return "dlock"; }

    std::string message(int code) const override {
        const Row* row = find(code);
        return row != nullptr ? row->text : "unknown dlock error";
    }

    std::error_condition default_error_condition(int code) const noexcept override {
        const Row* row = find(code);
        return row != nullptr ? std::make_error_condition(row->condition)
                              : std::error_condition(code, *this);
    }
};

}  // namespace

const std::error_category& error_category() noexcept {
    // Never destroyed: see World::real(). Errors are made when there is no memory, too.
    alignas(Category) static unsigned char place[sizeof(Category)];
    static const Category& category = *new (place) Category;
    return category;
}

std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

Retry retry(errc code) noexcept {
    const Row* row = find(static_cast<int>(code));
    return row != nullptr ? row->retry : Retry::never;
}

struct LockError::Details {
    std::string key;
    NativeError native;
    bool transaction_spoilt = false;
};

LockError::LockError(errc code, const std::string& text, std::string key, NativeError native,
                     bool transaction_spoilt)
    : std::system_error(make_error_code(code), text),
      details_(std::make_shared<const Details>(
          Details{std::move(key), std::move(native), transaction_spoilt})) {}

errc LockError::which() const noexcept {
    return static_cast<errc>(code().value());
}

const std::string& LockError::key() const noexcept {
    return details_->key;
}

int LockError::native_code() const noexcept {
    return details_->native.code;
}

const std::string& LockError::sqlstate() const noexcept {
    return details_->native.sqlstate;
}

const std::string& LockError::native_message() const noexcept {
    return details_->native.message;
}

Retry LockError::retry() const noexcept {
    return dlock::retry(which());
}

bool LockError::spoils_session() const noexcept {
    return which() == errc::session_lost || which() == errc::session_changed;
}

bool LockError::spoils_transaction() const noexcept {
    return details_->transaction_spoilt || spoils_session() || which() == errc::transaction_failed;
}

}  // namespace dlock
