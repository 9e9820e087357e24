// A lock on a backend that this build of the library does not have.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <iostream>
#include <string>

int main() {
    soci::session sql("sqlite3://db=consumer.db");
    try {
        (void)dlock::create_lock(sql, "consumer");
    } catch (const dlock::LockError& error) {
        const std::string text = error.what();
        std::cout << text << '\n';
        const bool names_it = text.find("\"sqlite3\"") != std::string::npos;
        const bool lists_others = text.find("this build knows postgresql") != std::string::npos;
        return error.which() == dlock::errc::unknown_backend && names_it && lists_others ? 0 : 1;
    }
    return 1;
}
