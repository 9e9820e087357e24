// Watching a hold: what is told, when, and when not.
// SPDX-License-Identifier: BSL-1.0
#include "loss/loss_watch.hpp"

#include "ends_late.hpp"
#include "loss/loss_watcher.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

// A connection whose server the test is.
class Connection {
  public:
    Connection() {
        int pair[2] = {-1, -1};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        client_ = pair[0];
        server_ = pair[1];
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        hang_up();
        close_client();
    }

    void close_client() {
        if (client_ >= 0) {
            ::close(client_);
        }
        client_ = -1;
    }
    int client() const { return client_; }
    void say(const char* text) const { EXPECT_GT(write(server_, text, 1), 0); }
    void end_sending() const { EXPECT_EQ(shutdown(server_, SHUT_WR), 0); }
    void hang_up() {
        if (server_ >= 0) {
            ::close(server_);
        }
        server_ = -1;
    }
    // True if the client's end of the connection is closed for all.
    bool is_shut_down() const {
        char byte = 0;
        return recv(server_, &byte, 1, MSG_DONTWAIT) == 0;
    }

  private:
    int client_ = -1;
    int server_ = -1;
};

// Whom the tests' own calls wake.
std::shared_ptr<WakeTarget> nobody() {
    struct Nobody final : Waker {
        void wake() noexcept override {}
    };
    static Nobody waker;
    return std::make_shared<WakeTarget>(waker);
}

LockError the_loss() {
    return {errc::lock_lost, "the session has ended", "key"};
}

// A watch under the process's watcher, and how often it told.
class Watched {
  public:
    explicit Watched(int socket, std::optional<Duration> interval = {},
                     std::function<Held()> probe = {})
        : watch(std::make_shared<LossWatch>(socket, interval, std::move(probe), the_loss())) {
        watch->set_handler([this](const LockError& error) {
            EXPECT_EQ(error.which(), errc::lock_lost);
            EXPECT_TRUE(watch->token().stop_requested());
            if (++told == 1) {
                first_.set_value();
            }
        });
        LossWatcher::instance().start();
        LossWatcher::Node node{watch};
        LossWatcher::instance().add(node);
        EXPECT_TRUE(node.empty());
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() { end(); }

    void end() const {
        LossWatcher::instance().remove(*watch);
        watch->end();
        watch->let_go();
    }
    bool is_told() { return first_.get_future().wait_for(20s) == std::future_status::ready; }

    std::shared_ptr<LossWatch> watch;
    std::atomic<int> told{0};

  private:
    std::promise<void> first_;
};

TEST(LossWatch, TellsOfAConnectionThatEnds) {
    Connection connection;
    Watched watched(connection.client());
    EXPECT_FALSE(watched.watch->lost());
    connection.hang_up();
    EXPECT_TRUE(watched.is_told());
    EXPECT_TRUE(watched.watch->lost());
    EXPECT_FALSE(watched.watch->silent());
    watched.end();
    EXPECT_EQ(watched.told, 1);
}

TEST(LossWatch, TellsOfAnEndBehindWhatNobodyHasRead) {
    Connection connection;
    Watched watched(connection.client());
    connection.say("the server says goodbye");
    connection.end_sending();
    EXPECT_TRUE(watched.is_told());
}

TEST(LossWatch, IsNotToldByDataNorOfOthers) {
    Connection quiet;
    Connection ends;
    Watched one(quiet.client());
    Watched other(ends.client());
    quiet.say("a result that the program waits for");
    ends.hang_up();
    EXPECT_TRUE(other.is_told());
    one.end();
    EXPECT_EQ(one.told, 0);
    EXPECT_FALSE(one.watch->lost());
}

TEST(LossWatch, IsNotToldAfterTheEnd) {
    Connection connection;
    Watched watched(connection.client());
    const std::stop_token token = watched.watch->token();
    watched.end();
    connection.hang_up();
    watched.watch->hang_up(nobody());
    watched.watch->lose();
    EXPECT_EQ(watched.told, 0);
    EXPECT_FALSE(token.stop_requested());
}

TEST(LossWatch, IsNotToldOnceItIsRemoved) {
    Connection connection;
    Watched watched(connection.client());
    LossWatcher::instance().remove(*watched.watch);
    watched.watch->hang_up(nobody());  // the watcher had seen the end, and comes to it only now
    EXPECT_FALSE(watched.watch->lost());
    watched.end();
    EXPECT_EQ(watched.told, 0);
}

TEST(LossWatch, IsNotToldDuringAReleaseButAfterOneThatFailed) {
    Connection connection;
    LossWatch watch(connection.client(), {}, {}, the_loss());
    int told = 0;
    watch.set_handler([&](const LockError&) { ++told; });
    EXPECT_TRUE(watch.pause());
    watch.hang_up(nobody());
    EXPECT_EQ(told, 0);
    EXPECT_EQ(watch.descriptor(), -1) << "it would be told again and again";
    watch.resume();
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(watch.pause()) << "it is lost";
}

TEST(LossWatch, IsToldOnceByTheOperationThatFindsIt) {
    LossWatch watch(-1, {}, {}, the_loss());
    int told = 0;
    watch.set_handler([&](const LockError&) { ++told; });
    EXPECT_TRUE(watch.pause());
    watch.lose();
    watch.lose();
    watch.hang_up(nobody());
    EXPECT_EQ(told, 1);
    watch.set_handler([&](const LockError&) { told += 10; });
    EXPECT_EQ(told, 11) << "who comes late is told at once";
    watch.set_handler({});
    EXPECT_EQ(told, 11);
}

TEST(LossWatch, SurvivesAHandlerThatThrows) {
    Connection first;
    Connection second;
    Watched throws(first.client());
    throws.watch->set_handler([](const LockError&) { throw std::runtime_error("not for you"); });
    Watched watched(second.client());
    first.hang_up();
    second.hang_up();
    EXPECT_TRUE(watched.is_told());
}

TEST(LossWatch, IsRemovedOnlyWhenItsHandlerHasEnded) {
    Connection connection;
    Watched watched(connection.client());
    std::promise<void> entered;
    std::promise<void> leave;
    std::atomic<bool> left{false};
    watched.watch->set_handler([&](const LockError&) {
        entered.set_value();
        leave.get_future().wait();
        left = true;
    });
    connection.hang_up();
    entered.get_future().wait();
    EndsLate late(leave);
    watched.end();
    EXPECT_TRUE(left);
    late.waiter_has_returned();
}

TEST(LossWatch, LetsGoOfAHandlerThatIsNotNeededAnyMore) {
    Connection connection;
    Watched watched(connection.client());
    auto owned = std::make_shared<int>();
    const std::weak_ptr<int> seen = owned;
    watched.watch->set_handler([owned = std::move(owned)](const LockError&) {});
    watched.end();
    EXPECT_TRUE(seen.expired()) << "it lives as long as the watcher looks";
}

TEST(LossWatch, MayBeRemovedByItsHandler) {
    Connection connection;
    Watched watched(connection.client());
    std::promise<void> removed;
    watched.watch->set_handler([&](const LockError&) {
        watched.end();
        removed.set_value();
    });
    connection.hang_up();
    EXPECT_EQ(removed.get_future().wait_for(20s), std::future_status::ready);
}

TEST(LossWatch, AsksUntilTheServerSaysNo) {
    std::atomic<int> asked{0};
    Watched watched(-1, 2s, [&] {
        switch (++asked) {
            case 1:
                return Held::yes;
            case 2:
                return Held::not_asked;
            default:
                return Held::no;
        }
    });
    EXPECT_TRUE(watched.is_told());
    EXPECT_EQ(asked, 3);
    EXPECT_FALSE(watched.watch->silent());
}

TEST(LossWatch, TakesErrorsForALossWhenTheTimeIsOver) {
    std::atomic<int> asked{0};
    Watched watched(-1, 400ms, [&] {
        ++asked;
        return Held::unknown;
    });
    EXPECT_TRUE(watched.is_told());
    EXPECT_GE(asked, 1);
    EXPECT_TRUE(watched.watch->silent()) << "the session may hold it: it must be closed";
}

TEST(LossWatch, AHandlerThatBlocksKeepsNobodyElseFromBeingTold) {
    Connection first;
    Connection second;
    std::promise<void> leave;
    Watched blocks(first.client());
    std::promise<void> entered;
    blocks.watch->set_handler([&](const LockError&) {
        entered.set_value();
        leave.get_future().wait();
    });
    Watched watched(second.client());
    first.hang_up();
    entered.get_future().wait();
    second.hang_up();
    EXPECT_TRUE(watched.is_told());
    leave.set_value();
}

TEST(LossWatch, HundredHandlersThatBlockDoNotEither) {
    constexpr int count = 100;
    std::promise<void> leave;
    const std::shared_future<void> left = leave.get_future().share();
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<std::unique_ptr<Watched>> all;
    for (int i = 0; i < count; ++i) {
        connections.push_back(std::make_unique<Connection>());
        all.push_back(std::make_unique<Watched>(connections.back()->client()));
        all.back()->watch->set_handler([left](const LockError&) { left.wait(); });
    }
    for (const auto& connection : connections) {
        connection->hang_up();
    }
    const auto end = std::chrono::steady_clock::now() + 20s;
    for (const auto& watched : all) {
        while (!watched->watch->token().stop_requested() &&
               std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(1ms);
        }
        EXPECT_TRUE(watched->watch->token().stop_requested());
    }
    leave.set_value();
}

TEST(LossWatch, AStopCallbackThatBlocksKeepsNobodyElseFromBeingTold) {
    // As that of an acquire whose cancel does not reach its server.
    Connection first;
    Connection second;
    std::promise<void> leave;
    std::promise<void> entered;
    Watched blocks(first.client());
    const std::stop_callback callback(blocks.watch->token(), [&] {
        entered.set_value();
        leave.get_future().wait();
    });
    Watched watched(second.client());
    first.hang_up();
    entered.get_future().wait();
    second.hang_up();
    EXPECT_TRUE(watched.is_told());
    EXPECT_EQ(blocks.told, 0) << "its token is told first";
    leave.set_value();
    EXPECT_TRUE(blocks.is_told());
}

TEST(LossWatch, LetsItsSocketGo) {
    Connection connection;
    Watched watched(connection.client());
    watched.end();
    connection.close_client();
    EXPECT_TRUE(connection.is_shut_down());
}

TEST(LossWatch, TakesSilenceForALossAndEndsTheConnection) {
    Connection connection;
    std::atomic<bool> asked{false};
    Watched watched(connection.client(), 1s, [&] {
        asked = true;
        char byte = 0;
        return read(connection.client(), &byte, 1) > 0 ? Held::yes : Held::unknown;
    });
    EXPECT_TRUE(watched.is_told());
    EXPECT_TRUE(watched.watch->silent());
    EXPECT_TRUE(asked);
    watched.end();  // or it would wait for the answer
    EXPECT_TRUE(connection.is_shut_down());
}

TEST(LossWatch, TakesSilenceForALossWhereThereIsNoSocket) {
    std::promise<void> leave;
    Watched watched(-1, 20ms, [&] {
        leave.get_future().wait();
        return Held::yes;
    });
    EXPECT_TRUE(watched.is_told());
    EXPECT_TRUE(watched.watch->silent());
    leave.set_value();
}

TEST(LossWatch, WaitsForAQuestionThatIsUnderWay) {
    std::promise<void> entered;
    std::promise<void> leave;
    std::atomic<int> asked{0};
    std::atomic<bool> left{false};
    Watched watched(-1, 2ms, [&] {
        if (++asked == 1) {
            entered.set_value();
            leave.get_future().wait();
            left = true;
        }
        return Held::yes;
    });
    entered.get_future().wait();
    EndsLate late(leave);
    watched.end();
    EXPECT_TRUE(left);
    late.waiter_has_returned();
}

TEST(LossWatch, KeepsTheSocketThatItWasGiven) {
    Connection lost;
    Connection other;
    Watched watched(lost.client());
    // The program closes the connection, and its number is given to another one.
    const int number = dup(lost.client());
    EXPECT_EQ(dup2(other.client(), lost.client()), lost.client());
    ::close(number);
    lost.hang_up();
    EXPECT_TRUE(watched.is_told());
}

}  // namespace
}  // namespace dlock::detail
