// SPDX-License-Identifier: BSL-1.0
#include "relay.hpp"

#include "targets.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace dlock_bench {
namespace {

void send_at_once(int socket) {
    const int on = 1;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Passes on what can be read now; false at the end of the connection.
bool pass(int from, int to) {
    char buffer[65536];
    const ssize_t size = recv(from, buffer, sizeof buffer, 0);
    ssize_t sent = 0;
    while (sent < size) {
        const ssize_t now =
            send(to, buffer + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
        if (now <= 0) {
            return false;
        }
        sent += now;
    }
    return size > 0;
}

}  // namespace

Relay::Relay(const dlock_test::Database& database)
    : server_(database), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any_address = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, any_address, size) != 0 || listen(listener_, 64) != 0 ||
        getsockname(listener_, any_address, &size) != 0) {
        throw std::runtime_error("the relay cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
}

Relay::~Relay() {
    shutdown(listener_, SHUT_RDWR);  // ends accept()
    acceptor_.join();
    close(listener_);
}

dlock_test::Database Relay::database() const {
    const std::string url = with_parameter(server_.url, "host", "127.0.0.1");
    return {server_.name, with_parameter(url, "port", std::to_string(port_)), server_.admin_url};
}

int Relay::connect_to_server() const {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(parameter_of(server_.url, "host").c_str(),
                    parameter_of(server_.url, "port").c_str(), &hints, &found) != 0) {
        return -1;
    }
    int server = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(server, found->ai_addr, found->ai_addrlen) != 0) {
        close(server);
        server = -1;
    }
    freeaddrinfo(found);
    return server;
}

void Relay::accept_all() {
    int client = 0;
    while ((client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0) {
        connections_.emplace_back([this, client] { pass_on(client); });
    }
}

void Relay::pass_on(int client) {
    const int server = connect_to_server();
    send_at_once(client);
    send_at_once(server);
    bool answered = true;
    pollfd ends[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    bool open = server >= 0;
    while (open && poll(ends, 2, -1) >= 0) {
        if (ends[0].revents != 0) {
            // Counted before it is passed on: the client may look as soon as it has its answer.
            round_trips_ += answered ? 1 : 0;
            answered = false;
            open = pass(client, server);
        }
        if (open && ends[1].revents != 0) {
            answered = true;
            open = pass(server, client);
        }
    }
    close(client);
    close(server);
}

}  // namespace dlock_bench
