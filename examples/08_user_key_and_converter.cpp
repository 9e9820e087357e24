// Keys of the user's own types, and control over what the database gets.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <iostream>
#include <string>

//[user_key
struct Order {
    std::string shop;
    int number;
};

dlock::Key key_of(const Order& order) {
    return order.shop + ":order:" + std::to_string(order.number);
}
//]

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);
    soci::session other(url);

    //[use_user_key
    const Order order{"example 08", 42};
    const auto lock = dlock::create_lock(sql, {order, key_of});
    //]
    lock->lock();
    std::cout << "key: " << lock->key().to_string() << '\n';

    //[converter
    // An older program locks its job "invoices" as number 1001, or as the name "job-1001".
    const bool names = dlock::capabilities(sql).database == "MySQL" ||
                       dlock::capabilities(sql).database == "MariaDB";
    const auto numbered = [names](const dlock::Key& key) {
        const int number = key == dlock::Key("invoices") ? 1001 : 1000;
        return names ? dlock::ActualKey("job-" + std::to_string(number)) : dlock::ActualKey(number);
    };
    const auto invoices = dlock::create_lock(sql, "invoices", {.converter = numbered});
    //]
    invoices->lock();
    std::cout << "key: " << invoices->key().to_string()
              << ", in the database: " << invoices->actual_key().to_string() << '\n';

    const auto same = dlock::create_lock(other, order.shop + ":order:42");
    return !same->try_lock() && lock->locked() && invoices->locked() ? 0 : 1;
}
