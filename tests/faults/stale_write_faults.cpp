// Writes of a holder through the session that holds the lock, which ends meanwhile.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "faults/harness/guarded.hpp"

#include <future>
#include <string>

namespace dlock_test {
namespace {

// False if the write was refused.
bool write(const Guarded& guarded, Client& client, std::int64_t value) {
    try {
        guarded.write(client.session(), value);
    } catch (const soci::soci_error&) {
        return false;
    }
    return true;
}

// A write to a row that somebody else has. (InnoDB's own list of waits is not renewed for those who
// poll it.)
bool writes(Trial& trial, long long session) {
    const std::string number = std::to_string(session);
    int count = 0;
    trial.view().sql() << (trial.database().is_postgresql()
                               ? "select count(*) from pg_locks where not granted and pid = " +
                                     number
                               : "select count(*) from information_schema.processlist where "
                                 "state = 'updating' and id = " +
                                     number),
        soci::into(count);
    return count != 0;
}

// F09c: one write after the other, until the session's end refuses it. Once somebody else has the
// lock, none comes any more.
void write_until_the_end(Trial& trial) {
    const Guarded guarded(trial);
    Client holder(trial);
    Client other(trial);
    holder.must_acquire();
    holder.may_be_dropped();
    auto writer = std::async(std::launch::async, [&] {
        std::int64_t value = 1;
        while (write(guarded, holder, value)) {
            ++value;
        }
    });
    const std::int64_t enough = 3 + trial.random(20);
    trial.need(eventually([&] { return guarded.read() > enough; }), "the holder does not write");
    trial.fault_now();
    trial.view().terminate(holder.session_id());
    other.must_acquire();
    trial.reacquired();
    const std::int64_t last = guarded.read();
    trial.need(writer.wait_for(slack) == std::future_status::ready, "I6: writes go on");
    writer.get();
    trial.check(guarded.read() == last, "I12: a stale write was made");
    holder.must_find_the_loss();
    other.must_release();
}

// F09d: the write waits for somebody who has the row. It must not be made when the row is free.
void end_a_write_that_waits(Trial& trial) {
    constexpr std::int64_t stale = 1;
    const Guarded guarded(trial);
    const auto blocker = trial.database().open();
    Client holder(trial);
    Client other(trial);
    holder.must_acquire();
    holder.may_be_dropped();
    soci::transaction transaction(*blocker);
    guarded.write(*blocker, -1);
    auto writing = std::async(std::launch::async, [&] { return write(guarded, holder, stale); });
    trial.need(eventually([&] { return writes(trial, holder.session_id()); }),
               "the write never comes");
    trial.fault_now();
    trial.view().terminate(holder.session_id());
    other.must_acquire();
    trial.reacquired();
    transaction.rollback();
    trial.check(!writing.get(), "I12: a stale write was told to be made");
    trial.check(guarded.read() != stale, "I12: a stale write was made");
    guarded.write(other.session(), stale + 1);
    trial.check(guarded.read() == stale + 1, "the new holder's write is gone");
    holder.must_find_the_loss();
    other.must_release();
}

}  // namespace

void add_stale_write_faults(Faults& faults) {
    faults.push_back({"F09c", "a holder's session is ended while it writes through it",
                      Must::be_loud, 2, 50, on_servers, write_until_the_end});
    faults.push_back({"F09d", "a holder's session is ended while its write waits for a row",
                      Must::be_loud, 2, 30, on_servers, end_a_write_that_waits});
}

}  // namespace dlock_test
