// A connection's socket, beside the client library that owns it. POSIX.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <new>

namespace dlock::detail {

/// A second descriptor of a connection's socket, so that whoever closes the first one and opens
/// another file under its number deceives nobody.
class Socket {
  public:
    /// `descriptor` may be -1. Throws std::system_error if there is no descriptor left.
    explicit Socket(int descriptor);
    /// As above; no socket instead of the exception.
    Socket(int descriptor, std::nothrow_t nothrow) noexcept;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

    /// Ends the connection for all who have its socket: their reads and writes fail at once.
    void shut_down() const noexcept;
    void close() noexcept;

  private:
    int descriptor_ = -1;
};

/// Ends the connection for all who have its socket; nothing if there is none.
void shut_down(int descriptor) noexcept;

/// The system's number of the socket, which it does not give to another one soon; 0 if there is
/// none.
[[nodiscard]] std::uint64_t number_of_socket(int descriptor) noexcept;

/// Has the system look after a TCP connection, and end it after `silence` without an answer. False
/// if it is none.
bool set_keepalive(int descriptor, std::chrono::seconds silence) noexcept;

}  // namespace dlock::detail
