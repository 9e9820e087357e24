// SPDX-License-Identifier: BSL-1.0
#include "conformance/road.hpp"

#include "conformance/async_calls.hpp"

namespace dlock_test {

const std::vector<Road>& roads() {
    static const std::vector<Road> taken = async_calls() != nullptr
                                               ? std::vector{Road::blocking, Road::async}
                                               : std::vector{Road::blocking};
    return taken;
}

std::string suffix(Road road) {
    return road == Road::async ? "-async" : "";
}

#ifndef DLOCK_TEST_ASIO  // else async_road.cpp has it
const AsyncCalls* async_calls() {
    return nullptr;
}
#endif

}  // namespace dlock_test
