// SPDX-License-Identifier: BSL-1.0
#include "loss/socket.hpp"

#include "engine/keepalive_times.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace dlock::detail {
namespace {

bool set(int descriptor, int level, int option, int value) noexcept {
    return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

}  // namespace

Socket::Socket(int descriptor, std::nothrow_t nothrow) noexcept
    : descriptor_(descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) {
    (void)nothrow;
}

Socket::Socket(int descriptor) : Socket(descriptor, std::nothrow) {
    if (descriptor >= 0 && descriptor_ < 0) {
        throw std::system_error(errno, std::generic_category(), "cannot watch the connection");
    }
}

Socket::~Socket() {
    close();
}

void Socket::close() noexcept {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
    descriptor_ = -1;
}

void Socket::shut_down() const noexcept {
    detail::shut_down(descriptor_);
}

void shut_down(int descriptor) noexcept {
    if (descriptor >= 0) {
        (void)::shutdown(descriptor, SHUT_RDWR);
    }
}

std::uint64_t number_of_socket(int descriptor) noexcept {
    struct stat status {};
    return descriptor >= 0 && fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

bool set_keepalive(int descriptor, std::chrono::seconds silence) noexcept {
    const KeepaliveTimes times(silence);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (descriptor < 0 ||
        getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        (address.ss_family != AF_INET && address.ss_family != AF_INET6) ||
        !set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)) {
        return false;
    }
    // Where the system lacks one of these, its own value stays.
#ifdef TCP_KEEPIDLE
    (void)set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, times.idle);
#endif
#ifdef TCP_KEEPINTVL
    (void)set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, times.interval);
#endif
#ifdef TCP_KEEPCNT
    (void)set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, times.count);
#endif
#ifdef TCP_USER_TIMEOUT
    // For what was sent and is not acknowledged: keepalive waits for that first.
    (void)set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(silence.count()) * 1000);
#endif
    return true;
}

}  // namespace dlock::detail
