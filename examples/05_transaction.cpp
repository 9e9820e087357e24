// A lock that ends with its transaction (PostgreSQL); elsewhere it is refused when it is made.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);

    if (!dlock::capabilities(sql).xact) {
        try {
            (void)dlock::create_lock(sql, "example 05", {.xact = true});
        } catch (const dlock::LockError& error) {
            std::cout << error.what() << '\n';
            return error.which() == dlock::errc::not_supported ? 0 : 1;
        }
        return 1;
    }

    sql << "create temporary table account (balance int)";
    sql << "insert into account values (100)";

    //[xact
    const auto lock = dlock::create_lock(sql, "example 05", {.xact = true});
    soci::transaction transaction(sql);
    if (!lock->try_lock_for(10s)) {
        return 1;
    }
    sql << "update account set balance = balance - 10";
    transaction.commit();  // gives the lock back as well: nobody sees the one without the other
    //]

    int balance = 0;
    sql << "select balance from account", soci::into(balance);
    std::cout << "balance: " << balance << ", locked: " << (lock->locked() ? "yes" : "no") << '\n';
    return balance == 90 && !lock->locked() ? 0 : 1;
}
