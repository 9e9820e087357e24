// A holder that loses its lock is told, without a call.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "faults/harness/own_server.hpp"
#include "faults/harness/witness.hpp"
#include "support/gate.hpp"

#include <atomic>

namespace dlock_test {
namespace {

constexpr auto asked_within = 2s;

// ODBC does not show its socket: the server is asked there.
dlock::LockOptions watched(const Trial& trial, bool ask) {
    dlock::LockOptions options;
    if (ask || trial.database().is_odbc()) {
        options.verify_interval = asked_within;
    }
    return options;
}

std::string not_behind_a_pooler(const Column& column) {
    return column.pool_mode.empty() ? on_servers(column)
                                    : "the silence is between the pooler and the client";
}

// A holder that waits to be told.
class Listener {
  public:
    Listener(Trial& trial, const Database& through, bool ask = false)
        : trial_(trial), client_(trial, through, watched(trial, ask)) {
        client_.lock().on_lost([this](const dlock::LockError&) {
            told_at_ = Clock::now();
            ++told_;
        });
        client_.must_acquire();
        client_.may_be_dropped();
        lost_ = client_.lock().lost_token();
    }

    [[nodiscard]] Client& client() { return client_; }

    // The fault has come: it must be told within the time in which the server is asked, and some
    // for a busy machine.
    void must_be_told() {
        const std::chrono::milliseconds limit = asked_within + (trial_.full() ? 1s : slack);
        trial_.need(eventually([&] { return told_ > 0; }, limit), "I6: nobody was told");
        trial_.detected(told_at_);
        trial_.check(lost_.stop_requested(), "I6: the token was not told");
        trial_.check(!client_.lock().locked(), "I6: locked() after the loss was told");
        const Answer released = client_.release();
        trial_.check(released.is(dlock::errc::lock_lost),
                     "I10: the release of a lock that was told lost: " + released.text());
        trial_.check(told_ == 1, "I6: told more than once");
    }

  private:
    Trial& trial_;
    std::atomic<Clock::time_point> told_at_{};
    std::atomic<int> told_{0};
    Client client_;
    std::stop_token lost_;
};

// L1.
void end_the_session(Trial& trial) {
    Listener holder(trial, trial.database());
    trial.fault_now();
    trial.view().terminate(holder.client().session_id());
    holder.must_be_told();
    must_be_reacquired(trial);
}

// L2, L3.
void cut(Trial& trial, Gate::Ending ending) {
    Gate gate(trial.database());
    Listener holder(trial, gate.database());
    trial.fault_now();
    gate.cut(ending);
    holder.must_be_told();
    must_be_reacquired(trial);
}

// L4: the server keeps the lock until it notices, which is not the client's to hasten.
void fall_silent(Trial& trial) {
    Gate gate(trial.database());
    Listener holder(trial, with_timeouts(gate.database()), true);
    const long long id = holder.client().session_id();
    trial.fault_now();
    gate.cut(Gate::Ending::silence);
    holder.must_be_told();
    trial.view().terminate(id);
    must_be_reacquired(trial);
}

// L5 to L7. What is done to the server takes its time: the loss begins when somebody else sees it.
void lose_the_server(Trial& trial, void (OwnServer::*down)()) {
    Witness witness(trial.database());
    Listener holder(trial, trial.database());
    (trial.server().*down)();
    trial.fault_at(witness.first_sign());
    holder.must_be_told();
    if (down != &OwnServer::restart) {
        trial.server().start();
    }
    trial.open_view_again();
    must_be_reacquired(trial);
}

}  // namespace

void add_loss_faults(Faults& faults) {
    const auto add = [&](const char* id, const char* title, int smoke, int full,
                         std::function<void(Trial&)> run, bool own_server = false) {
        Fault fault{id, title, Must::be_loud, smoke, full, on_servers, std::move(run)};
        fault.own_server = own_server;
        fault.bound = own_server ? 60s : 10s;
        fault.usual = 50ms;
        faults.push_back(std::move(fault));
    };
    const auto add_loss_of_the_server = [&](const char* id, const char* title,
                                            void (OwnServer::*down)()) {
        add(
            id, title, 0, 10, [down](Trial& trial) { lose_the_server(trial, down); }, true);
    };
    add("L1", "a holder's session is ended: it is told", 2, 50, end_the_session);
    add("L2", "the connection is closed under a holder: it is told", 2, 30,
        [](Trial& trial) { cut(trial, Gate::Ending::fin); });
    add("L3", "the connection is reset under a holder: it is told", 2, 30,
        [](Trial& trial) { cut(trial, Gate::Ending::rst); });
    faults.push_back({"L4", "the network falls silent under a holder that asks within 2 s",
                      Must::be_loud, 0, 10, not_behind_a_pooler, fall_silent});
    add_loss_of_the_server("L5", "the server is restarted: the holder is told",
                           &OwnServer::restart);
    add_loss_of_the_server("L6", "the server crashes (kill -9): the holder is told",
                           &OwnServer::crash);
    add_loss_of_the_server("L7", "the server stops at once (SIGQUIT): the holder is told",
                           &OwnServer::stop_immediately);
}

}  // namespace dlock_test
