// Error codes, their conditions, and what a LockError carries.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/error.hpp>

#include <gtest/gtest.h>

#include <set>
#include <type_traits>

namespace dlock {
namespace {

static_assert(std::is_error_code_enum_v<errc>);
static_assert(std::is_base_of_v<std::system_error, LockError>);
// An exception that is copied while it is thrown must not throw.
static_assert(std::is_nothrow_copy_constructible_v<LockError>);
static_assert(std::is_nothrow_copy_assignable_v<LockError>);

struct Expected {
    errc code;
    std::errc condition;
    Retry retry;
};

constexpr Expected table[] = {
    {errc::timed_out, std::errc::timed_out, Retry::same_call},
    {errc::cancelled, std::errc::operation_canceled, Retry::same_call},
    {errc::deadlock, std::errc::resource_deadlock_would_occur, Retry::new_transaction},
    {errc::lock_lost, std::errc::no_lock_available, Retry::never},
    {errc::already_locked, std::errc::device_or_resource_busy, Retry::never},
    {errc::not_locked, std::errc::operation_not_permitted, Retry::never},
    {errc::held_by_transaction, std::errc::operation_not_permitted, Retry::never},
    {errc::session_lost, std::errc::not_connected, Retry::new_session},
    {errc::session_changed, std::errc::not_connected, Retry::new_session},
    {errc::pooler_detected, std::errc::not_supported, Retry::never},
    {errc::read_replica, std::errc::not_supported, Retry::new_session},
    {errc::no_transaction, std::errc::operation_not_permitted, Retry::never},
    {errc::transaction_failed, std::errc::operation_not_permitted, Retry::new_transaction},
    {errc::stale_snapshot, std::errc::operation_not_permitted, Retry::new_transaction},
    {errc::session_busy, std::errc::device_or_resource_busy, Retry::same_call},
    {errc::interrupted, std::errc::interrupted, Retry::same_call},
    {errc::not_supported, std::errc::not_supported, Retry::never},
    {errc::invalid_key, std::errc::invalid_argument, Retry::never},
    {errc::invalid_option, std::errc::invalid_argument, Retry::never},
    {errc::unknown_backend, std::errc::not_supported, Retry::never},
    {errc::permission_denied, std::errc::permission_denied, Retry::never},
    {errc::resource_exhausted, std::errc::resource_unavailable_try_again, Retry::same_call},
    {errc::wrong_process, std::errc::operation_not_permitted, Retry::never},
    {errc::no_fencing_schema, std::errc::not_supported, Retry::never},
    {errc::transaction_open, std::errc::operation_not_permitted, Retry::never},
    {errc::database_error, std::errc::io_error, Retry::never},
};

// Fails to compile with -Wswitch when an errc is added that the table above does not have.
constexpr bool is_in_the_table(errc code) {
    switch (code) {
        case errc::timed_out:
        case errc::cancelled:
        case errc::deadlock:
        case errc::lock_lost:
        case errc::already_locked:
        case errc::not_locked:
        case errc::held_by_transaction:
        case errc::session_lost:
        case errc::session_changed:
        case errc::pooler_detected:
        case errc::read_replica:
        case errc::no_transaction:
        case errc::transaction_failed:
        case errc::stale_snapshot:
        case errc::session_busy:
        case errc::interrupted:
        case errc::not_supported:
        case errc::invalid_key:
        case errc::invalid_option:
        case errc::unknown_backend:
        case errc::permission_denied:
        case errc::resource_exhausted:
        case errc::wrong_process:
        case errc::no_fencing_schema:
        case errc::transaction_open:
        case errc::database_error:
            return true;
    }
    return false;
}

TEST(Error, the_table_has_every_code) {
    int number = 1;
    for (const Expected& expected : table) {
        EXPECT_EQ(static_cast<int>(expected.code), number++);
        EXPECT_TRUE(is_in_the_table(expected.code));
    }
    EXPECT_FALSE(is_in_the_table(static_cast<errc>(number)));
}

TEST(Error, every_code_equals_its_generic_condition) {
    for (const Expected& expected : table) {
        const std::error_code code = expected.code;
        EXPECT_TRUE(code == expected.condition) << code.message();
        EXPECT_EQ(code, expected.code);
        EXPECT_EQ(code.default_error_condition().category(), std::generic_category());
    }
    EXPECT_TRUE(std::error_code(errc::timed_out) != std::errc::interrupted);
}

TEST(Error, every_code_has_a_message_of_its_own) {
    std::set<std::string> messages;
    for (const Expected& expected : table) {
        const std::string message = make_error_code(expected.code).message();
        EXPECT_FALSE(message.empty());
        EXPECT_TRUE(messages.insert(message).second) << message;
        EXPECT_NE(message, error_category().message(9999));
    }
    EXPECT_FALSE(error_category().message(9999).empty());
}

TEST(Error, every_code_says_whether_to_try_again) {
    for (const Expected& expected : table) {
        EXPECT_EQ(retry(expected.code), expected.retry) << make_error_code(expected.code).message();
        EXPECT_EQ(LockError(expected.code, "text").retry(), expected.retry);
    }
    EXPECT_EQ(retry(static_cast<errc>(9999)), Retry::never);
}

TEST(Error, the_category_has_a_name_and_is_one_object) {
    EXPECT_STREQ(error_category().name(), "dlock");
    EXPECT_EQ(&error_category(), &make_error_code(errc::timed_out).category());
}

TEST(Error, an_unknown_number_is_no_generic_condition) {
    const std::error_code unknown(9999, error_category());
    EXPECT_EQ(unknown.default_error_condition().category(), error_category());
    EXPECT_FALSE(unknown == std::errc::io_error);
}

// ---- LockError. ----

TEST(LockErrorTest, it_carries_what_it_was_made_of) {
    const LockError error(errc::database_error, "what to do", "the key",
                          {.code = 1105, .sqlstate = "HY000", .message = "from the server"});
    EXPECT_EQ(error.which(), errc::database_error);
    EXPECT_EQ(error.code(), errc::database_error);
    EXPECT_EQ(error.key(), "the key");
    EXPECT_EQ(error.native_code(), 1105);
    EXPECT_EQ(error.sqlstate(), "HY000");
    EXPECT_EQ(error.native_message(), "from the server");
    EXPECT_NE(std::string(error.what()).find("what to do"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("the key"), std::string::npos)
        << "keys may be long or private";
}

TEST(LockErrorTest, what_is_not_given_is_empty) {
    const LockError error(errc::timed_out, "text");
    EXPECT_EQ(error.key(), "");
    EXPECT_EQ(error.native_code(), 0);
    EXPECT_EQ(error.sqlstate(), "");
    EXPECT_EQ(error.native_message(), "");
    EXPECT_FALSE(error.spoils_session());
    EXPECT_FALSE(error.spoils_transaction());
}

TEST(LockErrorTest, a_copy_shares_its_data) {
    const LockError error(errc::timed_out, "text", std::string(1000, 'k'));
    const LockError copy(error);  // NOLINT(performance-unnecessary-copy-initialization)
    EXPECT_EQ(&copy.key(), &error.key());
    EXPECT_EQ(copy.which(), errc::timed_out);
    EXPECT_STREQ(copy.what(), error.what());
}

TEST(LockErrorTest, a_moved_from_error_can_still_be_read) {
    LockError error(errc::timed_out, "text", "key");
    const LockError moved(std::move(error));
    EXPECT_EQ(moved.key(), "key");
    EXPECT_EQ(error.key(), "key");  // NOLINT(bugprone-use-after-move): copying is moving
}

TEST(LockErrorTest, a_session_is_spoilt_where_it_is_gone_or_another) {
    for (const Expected& expected : table) {
        const LockError error(expected.code, "text");
        EXPECT_EQ(error.spoils_session(),
                  expected.code == errc::session_lost || expected.code == errc::session_changed);
    }
}

TEST(LockErrorTest, a_transaction_is_spoilt_with_its_session_or_when_it_failed_or_as_told) {
    for (const Expected& expected : table) {
        const LockError error(expected.code, "text");
        EXPECT_EQ(error.spoils_transaction(),
                  error.spoils_session() || expected.code == errc::transaction_failed);
        EXPECT_TRUE(LockError(expected.code, "text", {}, {}, true).spoils_transaction());
    }
}

TEST(LockErrorTest, it_is_caught_as_what_it_is_made_of) {
    try {
        throw LockError(errc::timed_out, "text");
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::timed_out);
    }
}

}  // namespace
}  // namespace dlock
