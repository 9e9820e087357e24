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

std::string where_calls_can_be_ended(const Column& column) {
    if (!column.pool_mode.empty()) {
        return "the silence is between the pooler and the client";
    }
    return column.database.is_odbc() ? "told in time, too, but the next call waits for the driver"
                                     : on_servers(column);
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

    // The fault has come: it must be told within `bound`, and slack for a busy machine.
    void must_be_told(Clock::duration bound) {
        const auto limit = std::chrono::ceil<std::chrono::milliseconds>(bound) + slack;
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
    holder.must_be_told(asked_within);
    must_be_reacquired(trial);
}

// L2, L3.
void cut(Trial& trial, Gate::Ending ending) {
    Gate gate(trial.database());
    Listener holder(trial, gate.database());
    trial.fault_now();
    gate.cut(ending);
    holder.must_be_told(asked_within);
    must_be_reacquired(trial);
}

// L4: the server keeps the lock until it notices, which is not the client's to hasten. (ODBC tells
// in time as well, and then waits for the driver's own time-outs.)
void fall_silent(Trial& trial) {
    Gate gate(trial.database());
    Listener holder(trial, gate.database(), true);
    const long long id = holder.client().session_id();
    trial.fault_now();
    gate.cut(Gate::Ending::silence);
    holder.must_be_told(asked_within);
    trial.view().terminate(id);
    must_be_reacquired(trial);
}

// L5 to L7. What is done to the server takes its time: the loss begins when somebody else sees it.
void lose_the_server(Trial& trial, const std::function<void()>& down,
                     const std::function<void()>& up) {
    Witness witness(trial.database());
    Listener holder(trial, trial.database());
    down();
    trial.fault_at(witness.first_sign());
    holder.must_be_told(asked_within);
    up();
    trial.open_view_again();
    must_be_reacquired(trial);
}

}  // namespace

void add_loss_faults(Faults& faults) {
    faults.push_back({"L1", "a holder's session is ended: it is told", Must::be_loud, 2, 50,
                      on_servers, end_the_session});
    faults.push_back({"L2", "the connection is closed under a holder: it is told", Must::be_loud, 2,
                      30, on_servers, [](Trial& trial) { cut(trial, Gate::Ending::fin); }});
    faults.push_back({"L3", "the connection is reset under a holder: it is told", Must::be_loud, 2,
                      30, on_servers, [](Trial& trial) { cut(trial, Gate::Ending::rst); }});
    faults.push_back({"L4", "the network falls silent under a holder that asks within 2 s",
                      Must::be_loud, 0, 10, where_calls_can_be_ended, fall_silent});
    faults.push_back({"L5", "the server is restarted: the holder is told", Must::be_loud, 0, 10,
                      on_servers,
                      [](Trial& trial) {
                          lose_the_server(
                              trial, [&] { trial.server().restart(); }, [] {});
                      },
                      true, false, 60s});
    faults.push_back(
        {"L6", "the server crashes (kill -9): the holder is told", Must::be_loud, 0, 10, on_servers,
         [](Trial& trial) {
             lose_the_server(
                 trial, [&] { trial.server().crash(); }, [&] { trial.server().start(); });
         },
         true, false, 60s});
    faults.push_back({"L7", "the server stops at once (SIGQUIT): the holder is told", Must::be_loud,
                      0, 10, on_servers,
                      [](Trial& trial) {
                          lose_the_server(
                              trial, [&] { trial.server().stop_immediately(); },
                              [&] { trial.server().start(); });
                      },
                      true, false, 60s});
}

}  // namespace dlock_test
