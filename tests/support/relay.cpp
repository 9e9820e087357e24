// SPDX-License-Identifier: BSL-1.0
#include "support/relay.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace dlock_test {
namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int make_socket() {
    const int one = 1;
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return made;
}

// Passes on what is there; false at the end of the connection.
bool pass_on(int from, int to) {
    char buffer[65536];
    const ssize_t size = read(from, buffer, sizeof buffer);
    for (ssize_t sent = 0; sent < size;) {
        const ssize_t written =
            send(to, buffer + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        sent += written;
    }
    return size > 0;
}

}  // namespace

Relay::Relay(const Database& database) : database_(database), listener_(make_socket()) {
    const std::string_view name = database.is_odbc() ? "Port=" : "port=";
    const std::size_t at = database.url.find(name);
    if (at == std::string::npos) {
        throw std::runtime_error("the URL of " + database.name + " has no port");
    }
    const std::size_t begin = at + name.size();
    const std::size_t end = database.url.find_first_not_of("0123456789", begin);
    server_port_ = std::stoi(database.url.substr(begin));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the relay cannot listen");
    }
    database_.url.replace(begin, std::min(end, database.url.size()) - begin,
                          std::to_string(ntohs(address.sin_port)));
    acceptor_ = std::thread([this] {
        while (!stop_) {
            pollfd waiting{listener_, POLLIN, 0};
            if (poll(&waiting, 1, 50) > 0) {
                const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
                connections_.emplace_back([this, client] { serve(client); });
            }
        }
    });
}

Relay::~Relay() {
    stop_ = true;
    acceptor_.join();
    for (std::thread& connection : connections_) {
        connection.join();
    }
    close(listener_);
}

void Relay::serve(int client) {
    const int one = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const int server = make_socket();
    const sockaddr_in address = loopback(server_port_);
    bool open = connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    bool answered = true;
    while (open && !stop_) {
        pollfd sockets[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
        if (stalled_) {
            (void)poll(nullptr, 0, 50);
            continue;
        }
        if (poll(sockets, 2, 50) <= 0) {
            continue;
        }
        if (sockets[0].revents != 0) {
            if (answered) {
                ++round_trips_;
                answered = false;
            }
            open = pass_on(client, server);
        }
        if (open && sockets[1].revents != 0) {
            answered = true;
            open = pass_on(server, client);
        }
    }
    close(client);
    close(server);
}

}  // namespace dlock_test
