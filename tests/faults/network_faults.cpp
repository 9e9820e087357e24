// A network that closes, resets, falls silent, is late or slow.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "support/gate.hpp"

namespace dlock_test {
namespace {

// F25, F26: the connection ends while the lock is held and nobody speaks.
void cut_the_holder(Trial& trial, Gate::Ending ending) {
    Gate gate(trial.database());
    Client holder(trial, gate.database());
    holder.must_acquire();
    holder.may_be_dropped();
    trial.fault_now();
    gate.cut(ending);
    if (trial.random(1) == 0) {
        holder.must_find_the_loss();
        must_be_reacquired(trial);
    } else {
        must_be_reacquired(trial);
        holder.must_find_the_loss();
    }
}

// Both ends notice that the other is silent: by set_keepalive(), and on a server that has nothing
// of the kind by its time-out for idle sessions.
void let_both_notice(Trial& trial, Client& client) {
    const dlock::Keepalive arranged = dlock::set_keepalive(client.session(), 2s);
    trial.check(arranged.client == trial.database().is_native() &&
                    arranged.server == trial.database().is_postgresql(),
                "set_keepalive() arranged something else");
    if (!arranged.server) {
        client.session() << "set session interactive_timeout = 2";
        client.session() << "set session wait_timeout = 2";
    }
}

std::string where_time_outs_can_be_set(const Column& column) {
    return column.pool_mode.empty() ? on_servers(column)
                                    : "the silence is between the pooler and the client: the "
                                      "pooler's own time-outs decide";
}

// F27: the network falls silent while the lock is held and nobody speaks.
void silence_the_holder(Trial& trial) {
    Gate gate(trial.database());
    Client holder(trial, with_timeouts(gate.database()));
    holder.must_acquire();
    holder.may_be_dropped();
    let_both_notice(trial, holder);
    trial.fault_now();
    gate.cut(Gate::Ending::silence);
    holder.must_find_the_loss();
    must_be_reacquired(trial);
}

// F28: the network falls silent while an acquire waits. (PostgreSQL looks after its waiters.)
void silence_a_waiter(Trial& trial) {
    Gate gate(trial.database());
    Client holder(trial);
    Client waiter(trial, with_timeouts(gate.database()));
    let_both_notice(trial, waiter);
    holder.must_acquire();
    auto waiting = waiter.acquire_in_thread(5s);
    trial.until_waiters(1);
    trial.fault_now();
    gate.cut(Gate::Ending::silence);
    const Answer answer = waiting.get();
    trial.detected();
    trial.check(answer.is(dlock::errc::session_lost),
                "I10: an acquire on a silent network: " + answer.text());
    holder.must_release();
    must_be_reacquired(trial);
}

// F29: the network falls silent with the release, before it or with its answer.
void silence_a_release(Trial& trial) {
    Gate gate(trial.database());
    Client holder(trial, with_timeouts(gate.database()));
    holder.must_acquire();
    holder.may_be_dropped();
    let_both_notice(trial, holder);
    const bool lose_the_answer = trial.random(1) == 0;
    trial.fault_now();
    gate.cut_after(lose_the_answer ? Gate::Way::to_client : Gate::Way::to_server,
                   1 + trial.random(8), Gate::Ending::silence);
    const Answer answer = holder.release();
    trial.detected();
    trial.check(answer.is(dlock::errc::session_lost),
                "I10: a release on a silent network: " + answer.text());
    must_be_reacquired(trial);
}

// Two clients behind the same gate exclude each other, time out and are granted as ever. (The
// interference begins once they are connected: pgbouncer takes no login in pieces.)
void contend_through(Trial& trial, const std::function<void(Gate&)>& interfere) {
    Gate gate(trial.database());
    Client a(trial, gate.database());
    Client b(trial, gate.database());
    interfere(gate);
    a.must_acquire();
    const Answer busy = b.acquire(std::chrono::milliseconds(trial.random(500)));
    trial.check(!busy.yes && !busy.error, "a wait that must time out: " + busy.text());
    auto waiting = b.acquire_in_thread();
    trial.until_waiters(1);
    trial.check(a.verify().yes, "a holder that must be believed");
    a.must_release();
    const Answer granted = waiting.get();
    trial.check(granted.yes, "a wait that must be granted: " + granted.text());
    b.must_release();
}

// F32.
void latency(Trial& trial) {
    const auto seed = static_cast<unsigned>(trial.random(1 << 30));
    contend_through(trial, [&](Gate& gate) { gate.delay(trial.full() ? 200ms : 20ms, seed); });
}

// F33.
void one_byte_at_a_time(Trial& trial) {
    contend_through(trial, [](Gate& gate) { gate.slow(); });
}

// F34: the server's address is dead when the session is reconnected: that fails, the lock is lost,
// and what is asked of the session then is refused.
void unreachable(Trial& trial) {
    auto gate = std::make_unique<Gate>(trial.database());
    Client holder(trial, gate->database());
    holder.must_acquire();
    holder.may_be_dropped();
    trial.fault_now();
    gate.reset();
    try {
        holder.session().reconnect();
        trial.check(false, "I10: a session to nobody");
    } catch (const soci::soci_error&) {
    }
    holder.must_find_the_loss();
    const Answer again = holder.acquire(1s);
    trial.check(again.is(dlock::errc::session_lost) || again.is(dlock::errc::session_changed),
                "I10: an acquire with a session to nobody: " + again.text());
    try {
        (void)dlock::create_lock(holder.session(), trial.key(), trial.column().vouch({}));
        trial.check(false, "I10: a lock on a session to nobody");
    } catch (const dlock::LockError& error) {
        trial.check(error.which() == dlock::errc::session_lost,
                    std::string("I10: a lock on a session to nobody: ") + error.what());
    }
    must_be_reacquired(trial);
}

}  // namespace

void add_network_faults(Faults& faults) {
    faults.push_back({"F25", "the connection is closed under a holder (FIN)", Must::be_loud, 3, 30,
                      on_servers, [](Trial& trial) { cut_the_holder(trial, Gate::Ending::fin); }});
    faults.push_back({"F26", "the connection is reset under a holder (RST)", Must::be_loud, 3, 30,
                      on_servers, [](Trial& trial) { cut_the_holder(trial, Gate::Ending::rst); }});
    faults.push_back({"F27", "the network falls silent under a holder (1)", Must::be_loud, 0, 10,
                      where_time_outs_can_be_set, silence_the_holder});
    faults.push_back({"F28", "the network falls silent during a wait (1)", Must::be_loud, 0, 10,
                      where_time_outs_can_be_set, silence_a_waiter});
    faults.push_back({"F29", "the network falls silent during a release (1)", Must::be_loud, 0, 10,
                      where_time_outs_can_be_set, silence_a_release});
    faults.push_back({"F32", "latency of 200 ms, half as much more or less", Must::hold, 1, 20,
                      on_servers, latency});
    faults.push_back(
        {"F33", "segments of one byte", Must::hold, 1, 20, on_servers, one_byte_at_a_time});
    faults.push_back({"F34", "reconnected while nobody listens at the server's address",
                      Must::be_loud, 2, 10, on_servers, unreachable});
}

}  // namespace dlock_test
