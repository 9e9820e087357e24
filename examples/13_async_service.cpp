// A service that takes a lock for each request, in one thread: requests on one key are served one
// at a time. SPDX-License-Identifier: BSL-1.0
#include <dlock/asio.hpp>
#include <dlock/dlock.hpp>

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <soci/soci.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

namespace net = boost::asio;
using net::ip::tcp;

using Sessions = std::vector<std::unique_ptr<soci::session>>;

void rethrow(const std::exception_ptr& error) {
    if (error != nullptr) {
        std::rethrow_exception(error);
    }
}

std::unique_ptr<soci::session> open(const std::string& url) {
    return std::make_unique<soci::session>(url);
}

class Service {
  public:
    Service(net::io_context& context, const std::string& url, const Sessions& sessions)
        : url_(url),
          free_(context, sessions.size()),
          acceptor_(context, {net::ip::address_v4::loopback(), 0}) {
        for (const auto& session : sessions) {
            give_back(*session);
        }
    }

    std::chrono::milliseconds patience = 30s;

    [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    [[nodiscard]] int overlaps() const { return overlaps_; }

    net::awaitable<void> run() {
        while (true) {
            tcp::socket client = co_await acceptor_.async_accept(net::use_awaitable);
            net::co_spawn(acceptor_.get_executor(), talk(std::move(client)), rethrow);
        }
    }

  private:
    net::awaitable<void> talk(tcp::socket client) {
        std::string line;
        co_await net::async_read_until(client, net::dynamic_buffer(line), '\n', net::use_awaitable);
        const std::string method = "POST ";
        std::string answer = "400 Bad Request";
        if (line.starts_with(method)) {
            const auto end = line.find_last_not_of("\r\n") + 1;
            answer = co_await serve(line.substr(method.size(), end - method.size()));
        }
        answer += '\n';
        co_await net::async_write(client, net::buffer(answer), net::use_awaitable);
    }

    //[lease
    // A session serves one operation at a time, so there are a few, and a queue for them.
    net::awaitable<std::string> serve(const std::string& target) {
        soci::session* const session = co_await free_.async_receive(net::use_awaitable);
        const std::string answer = co_await serve(*session, target);
        give_back(*session);
        co_return answer;
    }
    //]

    void give_back(soci::session& session) {
        free_.try_send(boost::system::error_code(), &session);
    }

    //[scoped
    net::awaitable<std::string> serve(soci::session& session, const std::string& target) {
        const dlock::LockOptions options{
            .timeout = patience,
            // MySQL and MariaDB: a cancelled wait is ended by KILL QUERY from another session.
            .helper_session = [url = url_] { return open(url); }};
        auto [error, guard] = co_await dlock::async_scoped_lock(
            session, "example 13" + target, options, net::as_tuple(net::use_awaitable));
        if (error) {
            co_return error == dlock::errc::timed_out ? "503 Service Unavailable"
                                                      : "500 " + error.message();
        }
        co_await work(target);
        const auto [lost] = co_await guard.release(net::as_tuple(net::use_awaitable));
        co_return lost ? "500 " + lost.message() : "200 OK";
    }
    //]

    net::awaitable<void> work(const std::string& target) {
        overlaps_ += inside_[target]++ != 0 ? 1 : 0;
        net::steady_timer timer(acceptor_.get_executor(), 5ms);
        co_await timer.async_wait(net::use_awaitable);
        --inside_[target];
    }

    std::string url_;
    net::experimental::channel<void(boost::system::error_code, soci::session*)> free_;
    tcp::acceptor acceptor_;
    std::map<std::string, int> inside_;
    int overlaps_ = 0;
};

net::awaitable<void> ask(tcp::endpoint service, std::string target,
                         std::vector<std::string>& answers) {
    tcp::socket socket(co_await net::this_coro::executor);
    co_await socket.async_connect(service, net::use_awaitable);
    const std::string request = "POST " + target + "\r\n";
    co_await net::async_write(socket, net::buffer(request), net::use_awaitable);
    std::string answer;
    co_await net::async_read_until(socket, net::dynamic_buffer(answer), '\n', net::use_awaitable);
    answers.push_back(answer.substr(0, answer.find('\n')));
}

}  // namespace

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    //[lifetimes
    Sessions sessions;  // outlives the context, and with it the coroutines that have locks
    for (int i = 0; i < 4; ++i) {
        sessions.push_back(open(url));
    }
    net::io_context context;
    Service service(context, url, sessions);
    //]
    net::co_spawn(context, service.run(), rethrow);

    std::vector<std::string> answers;
    const auto run_until = [&](std::size_t count) {
        while (answers.size() < count) {
            context.run_one();
        }
    };
    for (int i = 0; i < 12; ++i) {
        const std::string target = i % 3 == 0 ? "/orders/43" : "/orders/42";
        net::co_spawn(context, ask(service.endpoint(), target, answers), rethrow);
    }
    run_until(12);
    const auto served = std::count(answers.begin(), answers.end(), "200 OK");

    // Another program has an order for longer than the service waits.
    const auto other = open(url);
    const auto taken = dlock::create_lock(*other, "example 13/orders/44");
    taken->lock();
    service.patience = 100ms;
    net::co_spawn(context, ask(service.endpoint(), "/orders/44", answers), rethrow);
    run_until(13);

    std::cout << served << " of 12 requests served, " << service.overlaps()
              << " at the same time on one order; a taken order: " << answers.back() << '\n';
    return served == 12 && service.overlaps() == 0 && answers.back().starts_with("503") ? 0 : 1;
}
