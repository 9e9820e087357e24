// SPDX-License-Identifier: BSL-1.0
#include "support/gate.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
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

void send_at_once(int socket) {
    const int one = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int make_socket() {
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    send_at_once(made);
    return made;
}

// The kernel drops what comes in, unacknowledged.
void deafen(int socket) {
    sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &drop};
    setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void reset_on_close(int socket) {
    const linger at_once{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// Where the port stands in a connection string.
std::pair<std::size_t, std::size_t> place_of_port(const Database& database) {
    const std::string_view name = database.is_odbc() ? "Port=" : "port=";
    const std::size_t at = database.url.find(name);
    if (at == std::string::npos) {
        throw std::runtime_error("the URL of " + database.name + " has no port");
    }
    const std::size_t begin = at + name.size();
    const std::size_t end = database.url.find_first_not_of("0123456789", begin);
    return {begin, std::min(end, database.url.size()) - begin};
}

}  // namespace

int port_of(const Database& database) {
    return std::stoi(database.url.substr(place_of_port(database).first));
}

void set_port(Database& database, int port) {
    const auto [begin, size] = place_of_port(database);
    database.url.replace(begin, size, std::to_string(port));
}

Gate::Gate(const Database& database)
    : database_(database), listener_(make_socket()), server_port_(port_of(database)) {
    sockaddr_in address = loopback(0);
    socklen_t address_size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), address_size) != 0 ||
        listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &address_size) != 0) {
        throw std::runtime_error("the gate cannot listen");
    }
    set_port(database_, ntohs(address.sin_port));
    acceptor_ = std::thread([this] {
        while (!stop_) {
            pollfd waiting{listener_, POLLIN, 0};
            if (poll(&waiting, 1, 50) > 0) {
                const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
                if (client < 0) {
                    continue;
                }
                const std::lock_guard lock(mutex_);
                Connection& connection = connections_.emplace_back();
                connection.client = client;
                connection.server = make_socket();
                connection.thread = std::thread([this, &connection] { serve(connection); });
            }
        }
    });
}

Gate::~Gate() {
    stop_ = true;
    shutdown(listener_, SHUT_RD);  // wakes the acceptor
    acceptor_.join();
    for (Connection& connection : connections_) {
        // After a silence a FIN would wait behind data that nobody acknowledges.
        cut(connection, connection.ending == Ending::silence ? Ending::rst : Ending::fin);
        connection.thread.join();
    }
    close(listener_);
}

void Gate::cut(Ending ending) {
    silent_ = silent_ || ending == Ending::silence;
    const std::lock_guard lock(mutex_);
    for (Connection& connection : connections_) {
        cut(connection, ending);
    }
}

void Gate::cut_after(Way way, long bytes, Ending ending) {
    if (bytes == 0) {
        ++cuts_;
        cut(ending);
        return;
    }
    limit_ending_ = ending;
    left_[index(way)] = bytes;
}

void Gate::cut(Connection& connection, Ending ending) {
    const std::lock_guard lock(connection.mutex);
    if (connection.client < 0) {
        return;
    }
    if (ending == Ending::silence) {
        deafen(connection.client);
        deafen(connection.server);
    }
    connection.ending = ending;
    connection.cut = true;
    shutdown(connection.client, SHUT_RD);  // sends nothing, and wakes the thread
}

// Closes both sides, as the connection is to end.
void Gate::end(Connection& connection) {
    const std::lock_guard lock(connection.mutex);
    for (int* const side : {&connection.client, &connection.server}) {
        if (connection.ending == Ending::rst) {
            reset_on_close(*side);
        }
        close(*side);
        *side = -1;
    }
}

void Gate::serve(Connection& connection) {
    send_at_once(connection.client);
    const sockaddr_in address = loopback(server_port_);
    bool open = connect(connection.server, reinterpret_cast<const sockaddr*>(&address),
                        sizeof address) == 0;
    bool answered = true;
    bool greeted = false;
    if (silent_) {
        cut(connection, Ending::silence);
    }
    while (open && !stop_) {
        if (connection.cut) {
            if (connection.ending != Ending::silence) {
                break;
            }
            (void)poll(nullptr, 0, 50);
            continue;
        }
        pollfd sockets[2] = {{connection.client, POLLIN, 0}, {connection.server, POLLIN, 0}};
        if (poll(sockets, 2, 50) <= 0 || connection.cut) {
            continue;
        }
        if (sockets[0].revents != 0) {
            if (answered) {
                ++round_trips_;
                answered = false;
            }
            open = pass(connection, Way::to_server, false);
        }
        if (open && sockets[1].revents != 0 && !connection.cut) {
            answered = true;
            open = pass(connection, Way::to_client, !greeted);
            greeted = true;
        }
    }
    end(connection);
}

// Passes on what is there; false at the end of the connection.
bool Gate::pass(Connection& connection, Way way, bool first) {
    const bool up = way == Way::to_server;
    std::string data(65536, '\0');
    const ssize_t size = read(up ? connection.client : connection.server, data.data(), data.size());
    if (connection.cut) {
        return true;  // the loop ends it
    }
    if (size <= 0) {
        return false;
    }
    data.resize(static_cast<std::size_t>(size));
    if (!up && first && greeting_) {
        greeting_(data);
    }
    if (const auto time = next_delay(); time.count() > 0) {
        (void)poll(nullptr, 0, static_cast<int>(time.count()));
    }
    std::atomic<long>& left = left_[index(way)];
    const long allowed = left.load();
    const bool last = allowed >= 0 && allowed <= static_cast<long>(data.size());
    if (last) {
        data.resize(static_cast<std::size_t>(allowed));
        left = -1;
    } else if (allowed >= 0) {
        left = allowed - static_cast<long>(data.size());
    }
    // First: whoever has the data may look at the count at once.
    passed_[index(way)] += static_cast<long>(data.size());
    if (!send_all(up ? connection.server : connection.client, data.data(), data.size())) {
        return false;
    }
    if (last) {
        ++cuts_;
        silent_ = silent_ || limit_ending_ == Ending::silence;
        cut(connection, limit_ending_);
    }
    return true;
}

void Gate::delay(std::chrono::milliseconds time, unsigned seed) {
    const std::lock_guard lock(random_mutex_);
    random_.seed(seed);
    delay_ = time;
}

std::chrono::milliseconds Gate::next_delay() {
    const std::lock_guard lock(random_mutex_);
    const long time = delay_.count();
    return std::chrono::milliseconds(
        std::uniform_int_distribution<long>(time / 2, time * 3 / 2)(random_));
}

bool Gate::send_all(int to, const char* data, std::size_t size) const {
    for (std::size_t sent = 0; sent < size;) {
        const std::size_t piece = slow_ ? 1 : size - sent;
        const ssize_t written = send(to, data + sent, piece, MSG_NOSIGNAL);
        if (written <= 0) {
            return false;
        }
        sent += static_cast<std::size_t>(written);
    }
    return true;
}

}  // namespace dlock_test
