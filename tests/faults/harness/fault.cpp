// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/fault.hpp"

#include <algorithm>

namespace dlock_test {

const char* name_of(Must must) {
    switch (must) {
        case Must::hold:
            return "hold";
        case Must::be_loud:
            return "be loud";
        case Must::be_refused:
            return "be refused";
    }
    return "";
}

Faults all_faults() {
    Faults faults;
    for (const auto add :
         {add_process_faults, add_server_faults, add_stale_write_faults, add_restart_faults,
          add_network_faults, add_sweep_faults, add_time_faults, add_session_faults,
          add_transaction_faults, add_pooler_faults, add_race_faults, add_concurrency_faults,
          add_loss_faults}) {
        add(faults);
    }
    std::stable_sort(faults.begin(), faults.end(),
                     [](const Fault& a, const Fault& b) { return a.id < b.id; });
    return faults;
}

std::string everywhere(const Column& column) {
    return column.keeps_sessions() ? "" : "refused before anything is taken (F45)";
}

std::string on_servers(const Column& column) {
    return column.database.is_sqlite() ? "no server" : everywhere(column);
}

std::string on_postgresql(const Column& column) {
    return column.database.is_postgresql() ? everywhere(column) : "PostgreSQL's";
}

}  // namespace dlock_test
