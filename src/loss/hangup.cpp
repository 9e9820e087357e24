// SPDX-License-Identifier: BSL-1.0
#include "loss/hangup.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <thread>

namespace dlock::detail {
namespace {

// Only Linux tells of the peer's FIN while there is something unread (a server says why it ends a
// session before it does); elsewhere the end shows as POLLHUP when both directions are closed.
#ifdef POLLRDHUP
constexpr short ends = POLLRDHUP;
#else
constexpr short ends = 0;
#endif

int milliseconds_until(std::chrono::steady_clock::time_point until) {
    using std::chrono::milliseconds;
    if (until == std::chrono::steady_clock::time_point::max()) {
        return -1;
    }
    const auto now = std::chrono::steady_clock::now();
    if (until <= now) {
        return 0;
    }
    const auto left = std::chrono::ceil<milliseconds>(until - now).count();
    return static_cast<int>(std::min<decltype(left)>(left, std::numeric_limits<int>::max()));
}

}  // namespace

struct HangupPoll::Buffer {
    std::vector<pollfd> descriptors;
};

HangupPoll::HangupPoll() : buffer_(std::make_unique<Buffer>()) {
#ifdef __linux__
    const bool made = pipe2(wake_, O_CLOEXEC | O_NONBLOCK) == 0;
#else
    const bool made = pipe(wake_) == 0;
    for (const int descriptor : wake_) {
        (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        (void)fcntl(descriptor, F_SETFL, O_NONBLOCK);
    }
#endif
    if (!made) {
        throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
    }
}

HangupPoll::~HangupPoll() {
    ::close(wake_[0]);
    ::close(wake_[1]);
}

void HangupPoll::wait(std::vector<Entry>& entries, std::chrono::steady_clock::time_point until) {
    std::vector<pollfd>& descriptors = buffer_->descriptors;
    descriptors.assign(1, {.fd = wake_[0], .events = POLLIN, .revents = 0});
    for (const Entry& entry : entries) {
        if (entry.descriptor >= 0) {  // more than the process may have open is an error
            descriptors.push_back({.fd = entry.descriptor, .events = ends, .revents = 0});
        }
    }
    const int ready = poll(descriptors.data(), descriptors.size(), milliseconds_until(until));
    if (ready <= 0) {
        if (ready < 0 && errno != EINTR) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));  // out of memory
        }
        return;
    }
    char bytes[64];
    while (descriptors[0].revents != 0 && read(wake_[0], bytes, sizeof bytes) == sizeof bytes) {
    }
    auto next = descriptors.begin() + 1;
    for (Entry& entry : entries) {
        entry.hung_up =
            entry.descriptor >= 0 && (next++->revents & (ends | POLLHUP | POLLERR)) != 0;
    }
}

void HangupPoll::wake() noexcept {
    const char byte = 0;
    (void)!write(wake_[1], &byte, 1);  // a full pipe wakes as well
}

}  // namespace dlock::detail
