// Locks of the library on simulated servers, from create_lock() to loss.
// SPDX-License-Identifier: BSL-1.0
#include "simulator/support.hpp"

#include <stop_token>

namespace dlock_test {
namespace {

struct Setting {
    const char* name;
    Product product;
    bool babelfish = false;
};

class LocksOnSimulated : public testing::TestWithParam<Setting> {
  protected:
    std::unique_ptr<dlock::BaseLock> lock_a(dlock::LockOptions options = {}) {
        return dlock::create_lock(*a_, "key", std::move(options));
    }
    std::unique_ptr<dlock::BaseLock> lock_b(dlock::LockOptions options = {}) {
        return dlock::create_lock(*b_, "key", std::move(options));
    }
    dlock::Capabilities capabilities() { return dlock::capabilities(*a_); }

    VirtualWorld world_{7};
    SimulatedServer server_{GetParam().product,
                            {.babelfish = GetParam().babelfish, .world = &world_}};
    std::unique_ptr<soci::session> a_ = open(server_);
    std::unique_ptr<soci::session> b_ = open(server_);
};

TEST_P(LocksOnSimulated, Exclusive) {
    const auto begin = world_.now();
    world_.spawn([&] {
        const auto lock = lock_a();
        EXPECT_TRUE(lock->try_lock());
        EXPECT_EQ(server_.holders(lock->actual_key()), 1);
        world_.sleep_for(2s);
        lock->release();
    });
    run(world_, [&] {
        world_.sleep_for(1ms);
        const auto lock = lock_b();
        EXPECT_FALSE(lock->try_lock());
        const auto start = world_.now();
        EXPECT_FALSE(lock->try_lock_for(250ms));
        EXPECT_GE(world_.now() - start, 250ms);
        EXPECT_TRUE(lock->try_lock_for(10s));
        EXPECT_TRUE(lock->locked());
        EXPECT_EQ(world_.now() - begin, 2s);
        lock->release();
        EXPECT_EQ(server_.locks(), 0);
    });
}

TEST_P(LocksOnSimulated, Shared) {
    run(world_, [&] {
        if (!capabilities().modes.contains(dlock::Mode::shared)) {
            EXPECT_THROW(lock_a({.shared = true}), dlock::LockError);
            return;
        }
        const auto one = lock_a({.shared = true});
        const auto other = lock_b({.shared = true});
        EXPECT_TRUE(one->try_lock());
        EXPECT_TRUE(other->try_lock());
        EXPECT_EQ(server_.holders(one->actual_key()), 2);
        const auto c = open(server_);
        const auto exclusive = dlock::create_lock(*c, "key");
        EXPECT_FALSE(exclusive->try_lock());
        one->release();
        other->release();
        EXPECT_TRUE(exclusive->try_lock());
        exclusive->release();
    });
}

TEST_P(LocksOnSimulated, Transaction) {
    run(world_, [&] {
        if (!capabilities().xact) {
            EXPECT_THROW(lock_a({.xact = true}), dlock::LockError);
            return;
        }
        for (const bool commits : {true, false}) {
            a_->begin();
            const auto lock = lock_a({.xact = true});
            EXPECT_TRUE(lock->try_lock());
            EXPECT_FALSE(lock_b()->try_lock());
            commits ? a_->commit() : a_->rollback();
            EXPECT_EQ(server_.locks(), 0);
        }
    });
}

TEST_P(LocksOnSimulated, Counted) {
    run(world_, [&] {
        const auto lock = lock_a({.reentrancy = dlock::Reentrancy::counted});
        const auto same = lock_a({.reentrancy = dlock::Reentrancy::counted});
        EXPECT_TRUE(lock->try_lock());
        EXPECT_TRUE(same->try_lock());
        lock->release();
        EXPECT_FALSE(lock_b()->try_lock());
        same->release();
        EXPECT_EQ(server_.locks(), 0);
        EXPECT_TRUE(lock_b()->try_lock());
    });
}

TEST_P(LocksOnSimulated, RefusedTwice) {
    run(world_, [&] {
        const auto lock = lock_a();
        EXPECT_TRUE(lock->try_lock());
        try {
            (void)lock_a()->try_lock();
            ADD_FAILURE() << "nothing was thrown";
        } catch (const dlock::LockError& error) {
            EXPECT_EQ(error.which(), dlock::errc::already_locked);
        }
        lock->release();
        EXPECT_EQ(server_.locks(), 0);
    });
}

TEST_P(LocksOnSimulated, StopToken) {
    std::stop_source stop;
    world_.spawn([&] {
        const auto lock = lock_a();
        EXPECT_TRUE(lock->try_lock());
        world_.sleep_for(50ms);
        stop.request_stop();
        world_.sleep_for(1min);
        lock->release();
    });
    run(world_, [&] {
        world_.sleep_for(1ms);
        const auto lock = lock_b();
        try {
            (void)lock->acquire(30s, stop.get_token());
            ADD_FAILURE() << "nothing was thrown";
        } catch (const dlock::LockError& error) {
            EXPECT_EQ(error.which(), dlock::errc::cancelled);
        }
        EXPECT_FALSE(lock->locked());
        EXPECT_EQ(server_.locks_of(id_of(*b_)), 0);
    });
}

TEST_P(LocksOnSimulated, Loss) {
    run(world_, [&] {
        const auto lock = lock_a();
        EXPECT_TRUE(lock->try_lock());
        server_.terminate(id_of(*a_));
        EXPECT_EQ(server_.locks(), 0);
        EXPECT_TRUE(lock_b()->try_lock());
        EXPECT_THROW(lock->release(), dlock::LockError);
        EXPECT_FALSE(lock->locked());
    });
}

TEST(OracleOnSimulated, AllocatedNames) {
    VirtualWorld world(7);
    SimulatedServer server(Product::oracle, {.world = &world});
    const auto a = open(server);
    const auto b = open(server);
    run(world, [&] {
        const dlock::LockOptions named{.allocate_unique = true};
        const std::string key = "caf\xC3\xA9 \xF0\x9F\x94\x92 ' :key";
        const auto lock = dlock::create_lock(*a, key, named);
        EXPECT_TRUE(lock->try_lock());
        EXPECT_EQ(server.holders(lock->actual_key()), 1);
        EXPECT_TRUE(lock->verify());
        const auto other = dlock::create_lock(*b, key, named);
        EXPECT_FALSE(other->try_lock_for(1500ms));
        EXPECT_TRUE(dlock::create_lock(*b, "another", named)->try_lock());
        EXPECT_TRUE(dlock::create_lock(*b, key)->try_lock()) << "a name is no hash";
        lock->release();
        EXPECT_TRUE(other->try_lock());
        EXPECT_THROW((void)dlock::create_lock(*a, "ORA$mine", named), dlock::LockError);
    });
}

TEST(OracleOnSimulated, TransactionLevelLocksOutliveRequestsThatFindNoTransaction) {
    VirtualWorld world(7);
    SimulatedServer server(Product::oracle, {.world = &world});
    const auto sql = open(server);
    run(world, [&] {
        const auto first = dlock::create_lock(*sql, "first", {.xact = true});
        const auto second = dlock::create_lock(*sql, "second", {.xact = true});
        EXPECT_TRUE(first->try_lock());
        EXPECT_TRUE(second->try_lock());
        EXPECT_TRUE(first->locked());
        EXPECT_TRUE(first->verify());
        EXPECT_EQ(server.locks(), 2);
        sql->commit();
        EXPECT_EQ(server.locks(), 0);
        EXPECT_FALSE(first->verify());
    });
}

INSTANTIATE_TEST_SUITE_P(
    Servers, LocksOnSimulated,
    testing::Values(Setting{"postgresql", Product::postgresql}, Setting{"mysql", Product::mysql},
                    Setting{"mariadb", Product::mariadb}, Setting{"mssql", Product::mssql},
                    Setting{"babelfish", Product::mssql, true}, Setting{"oracle", Product::oracle}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace dlock_test
