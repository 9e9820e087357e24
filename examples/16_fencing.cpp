// Fencing tokens: a holder that has lost its lock and does not know it cannot write any more.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

namespace {

//[storage
// True if the write was accepted: nobody with a higher token has written before.
bool write_price(soci::session& sql, int price, std::int64_t token) {
    const long long mine = token;
    soci::statement update =
        (sql.prepare << "update example_16 set price = :price, token = :token "
                        "where id = 1 and token <= :mine",
         soci::use(price, "price"), soci::use(mine, "token"), soci::use(mine, "mine"));
    update.execute(true);
    return update.get_affected_rows() == 1;
}
//]

// False if this login may not create the counter, and nobody else has.
bool prepare(soci::session& sql) {
    try {
        //[create
        dlock::create_fencing_schema(sql);  // once for each server; or: dlock init --url ...
        //]
    } catch (const dlock::LockError& error) {
        if (error.which() != dlock::errc::permission_denied) {
            throw;
        }
        std::cout << "an administrator has to run dlock init first: " << error.what() << '\n';
        return false;
    }
    sql << "create table example_16 (id int primary key, price int, token numeric(19))";
    sql << "insert into example_16 (id, price, token) values (1, 100, 0)";
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);
    soci::session other(url);
    soci::session storage(url);
    if (!prepare(storage)) {
        return 0;
    }

    //[token
    const auto lock = dlock::create_lock(sql, "example 16", {.fencing = true});
    lock->lock();
    const std::int64_t token = lock->fencing_token().value();
    const bool accepted = write_price(storage, 110, token);
    //]

    // The connection breaks. This thread does not know it yet, and somebody else gets the lock.
    sql.reconnect();
    const auto next = dlock::create_lock(other, "example 16", {.fencing = true});
    if (!next->try_lock_for(std::chrono::seconds(10))) {  // the server may need a moment
        return 1;
    }
    const bool next_accepted = write_price(storage, 120, next->fencing_token().value());

    //[stale
    const bool stale_accepted = write_price(storage, 130, token);  // false: 120 stays
    //]

    int price = 0;
    storage << "select price from example_16", soci::into(price);
    std::cout << "the price is " << price << '\n';
    next->release();
    storage << "drop table example_16";
    return accepted && next_accepted && !stale_accepted && price == 120 ? 0 : 1;
}
