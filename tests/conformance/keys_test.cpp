// Keys on real servers: equal ones exclude each other, different ones never do.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <limits>

namespace dlock_test {

class Keys : public OnEachDatabase {
  protected:
    bool keys_are_names() const { return GetParam().is_mysql() || GetParam().is_mssql(); }

    void expect_excludes_itself(const dlock::Key& key) {
        const auto first = make_lock(*a_, key);
        const auto second = make_lock(*b_, key);
        ASSERT_TRUE(first->try_lock()) << key.to_string();
        EXPECT_FALSE(second->try_lock()) << key.to_string();
        EXPECT_TRUE(first->verify()) << key.to_string();
        first->release();
        EXPECT_TRUE(second->try_lock()) << key.to_string();
    }
};
DLOCK_ON_EACH_DATABASE(Keys);

TEST_P(Keys, integers_at_the_ends_of_their_range) {
    using limits = std::numeric_limits<std::int64_t>;
    for (const std::int64_t number :
         {std::int64_t{0}, std::int64_t{-1}, limits::min(), limits::max(), std::int64_t{1} << 32,
          -(std::int64_t{1} << 32), std::int64_t{0x80000000}, std::int64_t{0xFFFFFFFF}}) {
        if (GetParam().is_oracle() && (number < 0 || number >= std::int64_t{1} << 30)) {
            EXPECT_EQ(thrown([&] { (void)make_lock(*a_, number); }), dlock::errc::invalid_key);
        } else {
            expect_excludes_itself(number);
        }
    }
}

TEST_P(Keys, text_that_is_hostile_to_sql) {
    for (const char* const text : {"'",
                                   "''",
                                   "\\'",
                                   "\"",
                                   "; DROP TABLE x; --",
                                   "') OR 1=1 --",
                                   "*/ x /*",
                                   ":key",
                                   ":hex :key",
                                   "%s%n",
                                   "a b",
                                   " a ",
                                   "a\nb",
                                   "$$",
                                   "${x}",
                                   "\\",
                                   "\xC3\xA9t\xC3\xA9",
                                   "#",
                                   "?",
                                   "{call x}",
                                   "0x41",
                                   "NULL"}) {
        expect_excludes_itself(std::string(text) + key_.substr(key_.size() - 12));
        expect_excludes_itself(text);
    }
}

TEST_P(Keys, bytes_are_the_same_key_as_the_text_that_they_encode) {
    dlock::Bytes bytes;
    for (const char c : key_) {
        bytes.push_back(static_cast<std::byte>(c));
    }
    const auto text = lock_a();
    const auto binary = make_lock(*b_, bytes);
    EXPECT_EQ(text->actual_key(), binary->actual_key());
    text->lock();
    EXPECT_FALSE(binary->try_lock());
}

TEST_P(Keys, similar_keys_do_not_exclude_each_other) {
    const auto lock = lock_a();
    lock->lock();
    for (const std::string& other : {key_ + " ", key_ + "x", "x" + key_, key_.substr(1)}) {
        const auto free = make_lock(*b_, other);
        EXPECT_TRUE(free->try_lock()) << other;
    }
}

TEST_P(Keys, a_pair_is_a_key_of_its_own_space_where_there_is_one) {
    const dlock::Int32Pair pair{-7, 2000000000};
    if (!dlock::capabilities(*a_).int32_pair_keys) {
        EXPECT_EQ(thrown([&] { (void)make_lock(*a_, pair); }), dlock::errc::invalid_key);
        return;
    }
    expect_excludes_itself(pair);
    const std::int64_t same_bits =
        static_cast<std::int64_t>((std::uint64_t{0xFFFFFFF9} << 32) | 2000000000U);
    const auto first = make_lock(*a_, pair);
    const auto second = make_lock(*b_, same_bits);
    first->lock();
    EXPECT_TRUE(second->try_lock());
    EXPECT_EQ(view().holders(first->actual_key()), 1);
}

TEST_P(Keys, what_the_server_would_refuse_is_refused_before_anything_is_sent) {
    if (!GetParam().is_mysql()) {
        GTEST_SKIP() << "every text is a key";
    }
    const auto is_refused = [&](const std::string& text) {
        return thrown([&] { (void)make_lock(*a_, text); }) == dlock::errc::invalid_key;
    };
    EXPECT_TRUE(is_refused(""));
    EXPECT_TRUE(is_refused(std::string("a\0b", 3)));
    EXPECT_TRUE(is_refused("\xFF\xFE"));
    EXPECT_TRUE(is_refused(std::string(193, 'x')));
    const std::string emoji = "\xF0\x9F\x94\x92";
    if (dlock::capabilities(*a_).database == "MySQL") {
        EXPECT_TRUE(is_refused(emoji));
        EXPECT_TRUE(is_refused(std::string(65, 'x')));
        expect_excludes_itself(std::string(64, 'x'));
        std::string sixty_four_wide;
        for (int i = 0; i < 64; ++i) {
            sixty_four_wide += "\xE6\xBC\xA2";
        }
        expect_excludes_itself(sixty_four_wide);
    } else {
        expect_excludes_itself(emoji);
        expect_excludes_itself(std::string(192, 'x'));
    }
}

TEST_P(Keys, names_are_the_same_lock_in_every_connection_charset) {
    if (!GetParam().is_mysql()) {
        GTEST_SKIP() << "keys are numbers";
    }
    const std::string name = "caf\xC3\xA9-" + unique_key().substr(5);
    if (GetParam().is_odbc()) {  // whose driver refuses SET NAMES
        b_ = std::make_unique<soci::session>(GetParam().url + "CHARSET=latin1;");
    } else {
        *b_ << "set names latin1";
    }
    const auto first = make_lock(*a_, name);
    const auto second = make_lock(*b_, name);
    first->lock();
    EXPECT_FALSE(second->try_lock());
    // And the same as of a client that sends the name as text.
    int used = 0;
    view().sql() << "select is_used_lock('" + name + "') is not null", soci::into(used);
    EXPECT_EQ(used, 1);
}

TEST_P(Keys, a_converter_may_ask_the_session) {
    const auto lock = make_lock(*a_, key_, {.converter = [&](const dlock::Key&) {
        EXPECT_FALSE(dlock::capabilities(*a_).database.empty());
        return keys_are_names() ? dlock::ActualKey(key_) : dlock::ActualKey(123456789);
    }});
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(Keys, a_converter_replaces_the_default) {
    const auto lock = make_lock(*a_, "anything", {.converter = [&](const dlock::Key& key) {
        EXPECT_EQ(key, dlock::Key("anything"));
        return keys_are_names() ? dlock::ActualKey(key_) : dlock::ActualKey(123456789);
    }});
    lock->lock();
    EXPECT_EQ(lock->key(), dlock::Key("anything"));
    EXPECT_EQ(lock->actual_key().to_string(), keys_are_names() ? key_ : "123456789");
    const auto same = make_lock(*b_, keys_are_names() ? dlock::Key(key_) : dlock::Key(123456789));
    if (!GetParam().is_sqlite()) {  // there integers are hashed
        EXPECT_FALSE(same->try_lock());
    }
    EXPECT_EQ(thrown([&] {
                  (void)make_lock(*a_, "x", {.converter = [&](const dlock::Key&) {
                      return keys_are_names() ? dlock::ActualKey(1)
                                              : dlock::ActualKey(std::string("x"));
                  }});
              }),
              dlock::errc::invalid_key);
}

}  // namespace dlock_test
