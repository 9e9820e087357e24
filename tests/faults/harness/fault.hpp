// A fault, and the list of them all.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/trial.hpp"

#include <functional>
#include <string>
#include <vector>

namespace dlock_test {

/// What the library must do.
enum class Must {
    /// No error is seen, or only a correct time-out.
    hold,
    /// An exact error within a bound, no lock left behind, the session's state known.
    be_loud,
    /// An error before anything is taken.
    be_refused,
};

[[nodiscard]] const char* name_of(Must must);

/// Why a fault is not tried on a column; empty where it is.
using WhyNot = std::function<std::string(const Column&)>;

struct Fault {
    std::string id;
    std::string title;
    Must must;
    /// How many trials a smoke run makes on each column, and a full one. Zero: none.
    int smoke;
    int full;
    WhyNot why_not;
    std::function<void(Trial&)> run;
    /// It takes the server itself: a server of its own is started for it.
    bool own_server = false;
    /// A race between the event and a grant: each must win at least one trial in twenty.
    bool race = false;
    /// Within which the loss must be detected, and another client have the lock: the fault's own
    /// times, and enough for a busy machine.
    std::chrono::seconds bound{10};
    /// In a full run, within which the database's own client must have detected half of the losses.
    /// Zero: no such bar.
    std::chrono::milliseconds usual{0};
};

using Faults = std::vector<Fault>;

void add_process_faults(Faults& faults);
void add_server_faults(Faults& faults);
void add_stale_write_faults(Faults& faults);
void add_restart_faults(Faults& faults);
void add_network_faults(Faults& faults);
void add_sweep_faults(Faults& faults);
void add_time_faults(Faults& faults);
void add_session_faults(Faults& faults);
void add_transaction_faults(Faults& faults);
void add_pooler_faults(Faults& faults);
void add_race_faults(Faults& faults);
void add_concurrency_faults(Faults& faults);
void add_loss_faults(Faults& faults);

/// All of them, in the order of their ids.
[[nodiscard]] Faults all_faults();

// Where a fault makes sense.
[[nodiscard]] std::string everywhere(const Column& column);
/// Not SQLite.
[[nodiscard]] std::string on_servers(const Column& column);
[[nodiscard]] std::string on_postgresql(const Column& column);

}  // namespace dlock_test
