// The connection is cut after each single byte of an acquire and of a release.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "support/gate.hpp"

#include <array>

namespace dlock_test {
namespace {

enum class Call { try_free, wait, release };

// How many positions of each kind of call a smoke run tries.
constexpr int smoke_positions = 4;

// The last bytes of a call that nobody waits for, as of a statement that is closed, and by how many
// the lengths of two calls differ.
constexpr long tail = 16;

bool tells_of_the_loss(const Answer& answer) {
    return answer.is(dlock::errc::session_lost) || answer.is(dlock::errc::lock_lost);
}

// The call, through the gate, which `arm` has told when to cut; then nobody must hold the lock, and
// anybody must be able to take it. The client's session is still open meanwhile.
Answer call_through(Trial& trial, Gate& gate, Call call, const std::function<void()>& arm) {
    Client client(trial, gate.database());
    Client holder(trial);
    if (call == Call::release) {
        client.must_acquire();
    } else if (call == Call::wait) {
        holder.must_acquire();
    }
    client.may_be_dropped();
    arm();
    trial.fault_now();
    Answer answer;
    if (call == Call::release) {
        answer = client.release();
    } else if (call == Call::try_free) {
        answer = client.acquire();
    } else {
        auto waiting = client.acquire_in_thread();
        trial.need(eventually([&] {
                       return waiting.wait_for(0s) == std::future_status::ready ||
                              trial.view().waiters(trial.actual_key()) == 1;
                   }),
                   "the client neither waits nor returns");
        holder.must_release();
        answer = waiting.get();
    }
    gate.let_pass();
    if (!answer.yes) {
        trial.detected();
    } else if (call != Call::release) {
        const Answer released = client.release();
        trial.check(released.yes || tells_of_the_loss(released), "I10: " + released.text());
    }
    must_be_reacquired(trial);
    return answer;
}

// How many bytes the call takes in the direction when nothing happens.
long length_of(Trial& trial, Call call, Gate::Way way) {
    const auto part = trial.part();
    Gate gate(trial.database());
    long before = 0;
    long after = 0;
    {
        Client client(*part, gate.database());
        Client holder(*part);
        if (call == Call::release) {
            client.must_acquire();
        }
        before = gate.passed(way);
        if (call == Call::release) {
            client.must_release();
        } else if (call == Call::try_free) {
            client.must_acquire();
        } else {
            holder.must_acquire();
            auto waiting = client.acquire_in_thread();
            part->until_waiters(1);
            holder.must_release();
            part->need(waiting.get().yes, "a wait that must be granted");
        }
        after = gate.passed(way);
    }
    trial.absorb(*part, "undisturbed");
    return after - before;
}

// A position of a call.
struct Position {
    Call call;
    Gate::Way way;
    long at;
    long length;
    Gate::Ending ending;

    [[nodiscard]] std::string text() const {
        static const std::array<const char*, 3> names = {"try", "wait", "release"};
        return std::string(names[static_cast<std::size_t>(call)]) + " cut after " +
               std::to_string(at) + " of " + std::to_string(length) +
               (ending == Gate::Ending::fin ? " (FIN)" : " (RST)");
    }
};

// False if the call was over before the cut came about.
bool cut_at(Trial& part, const Position& position) {
    Gate gate(part.database());
    try {
        const Answer answer = call_through(part, gate, position.call, [&] {
            gate.cut_after(position.way, position.at, position.ending);
        });
        const bool near_the_end = position.at + tail >= position.length;
        part.check(gate.cuts() == 1 || near_the_end, "the connection was not cut");
        part.check(answer.is(dlock::errc::session_lost) || (answer.yes && near_the_end),
                   "I10: a call that was cut: " + answer.text());
        return gate.cuts() == 1;
    } catch (const Broken& error) {
        part.check(false, error.what());
        return position.at < position.length;
    }
}

// Every position with both endings, or in a smoke run some of them with one, until the call is over
// before.
void sweep(Trial& trial, Gate::Way way) {
    trial.findings().cases = 0;
    for (const Call call : {Call::try_free, Call::wait, Call::release}) {
        const long length = length_of(trial, call, way);
        const long stride = trial.full() ? 1 : std::max(1L, length / smoke_positions);
        bool fired = true;
        long at = trial.random(static_cast<int>(stride) - 1);
        for (; fired; at += stride) {
            std::vector<Gate::Ending> endings = {Gate::Ending::fin, Gate::Ending::rst};
            if (!trial.full()) {
                endings.erase(endings.begin() + trial.random(1));
            }
            for (const Gate::Ending ending : endings) {
                const Position position{call, way, at, length, ending};
                const auto part = trial.part();
                fired = cut_at(*part, position);
                trial.absorb(*part, position.text());
            }
        }
        trial.check(at + tail >= length, "positions were left out: only " + std::to_string(at) +
                                             " of " + std::to_string(length));
    }
}

}  // namespace

void add_sweep_faults(Faults& faults) {
    faults.push_back({"F30", "cut after each byte to the server", Must::be_loud, 1, 1, on_servers,
                      [](Trial& trial) { sweep(trial, Gate::Way::to_server); }});
    faults.push_back({"F31", "cut after each byte to the client: the answer may be lost",
                      Must::be_loud, 1, 1, on_servers,
                      [](Trial& trial) { sweep(trial, Gate::Way::to_client); }});
}

}  // namespace dlock_test
