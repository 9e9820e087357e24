// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/witness.hpp"

#include <poll.h>
#include <sys/socket.h>

namespace dlock_test {

Witness::Witness(const Database& database)
    : session_(database.open_admin()),
      socket_(dlock::create_lock(*session_, "witness")->descriptor()) {
    sign_ = std::async(std::launch::async, [socket = socket_] {
        pollfd waiting{socket, POLLIN | POLLRDHUP, 0};
        (void)poll(&waiting, 1, -1);
        return Clock::now();
    });
}

Witness::~Witness() {
    shutdown(socket_, SHUT_RDWR);  // wakes the thread
}

Clock::time_point Witness::first_sign() {
    if (sign_.wait_for(20s) != std::future_status::ready) {
        throw Broken("the server has not ended its connections");
    }
    return sign_.get();
}

}  // namespace dlock_test
