// One trial of one fault on one column: what it is given, and what it finds.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/column.hpp"
#include "faults/harness/history.hpp"
#include "support/ledger.hpp"
#include "support/server_view.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace dlock_test {

class OwnServer;

using namespace std::chrono_literals;

using Clock = std::chrono::steady_clock;

/// Thrown by a trial that cannot be made here; its text is the reason.
class NotApplicable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Thrown by a trial that makes no sense any more: what was to come first did not. It is a
/// violation.
class Broken : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What a trial measured.
struct Findings {
    std::vector<std::string> violations;
    /// How many cases it tried: one, unless it goes through positions.
    long cases = 1;
    Clock::duration detection{};
    Clock::duration reacquire{};
    /// Of a race: who won.
    long event_first = 0;
    long grant_first = 0;
    /// Errors that calls gave, but for stops that were asked for.
    long errors = 0;
    /// Histories of two owners or more that were explained, their calls, and how many of these were
    /// open.
    long histories = 0;
    long operations = 0;
    long open_calls = 0;
};

class Trial {
  public:
    Trial(const Column& column, std::uint64_t seed, bool full, OwnServer* server);
    ~Trial();
    Trial(const Trial&) = delete;
    Trial& operator=(const Trial&) = delete;

    [[nodiscard]] const Column& column() const { return column_; }
    [[nodiscard]] const Database& database() const { return column_.database; }
    [[nodiscard]] const std::string& key() const { return key_; }
    [[nodiscard]] const std::string& folder() const { return folder_; }
    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] History& history() { return *history_; }
    [[nodiscard]] Ledger& ledger() { return *ledger_; }
    [[nodiscard]] std::string history_path() const { return folder_ + "/history"; }
    [[nodiscard]] std::string ledger_path() const { return folder_ + "/ledger"; }
    /// A trial of its own within this one, on a key of its own.
    [[nodiscard]] std::unique_ptr<Trial> part();
    /// Finishes it and takes over what it found; `what` says which part it was.
    void absorb(Trial& part, const std::string& what);

    /// For the trial's own thread.
    [[nodiscard]] ServerView& view();
    /// After the server was away.
    void open_view_again() {
        view_ = nullptr;
        witness_ = nullptr;
    }
    /// The server must say that the session holds the key so many times; any thread may ask.
    void server_must_say(long long session, int holdings, const std::string& when);
    /// The server that only this run uses, for faults that take the server itself.
    [[nodiscard]] OwnServer& server() { return *server_; }

    /// A number from the trial's seed, 0 to `most`.
    [[nodiscard]] int random(int most);
    /// A time of at most `most`, to the microsecond.
    [[nodiscard]] std::chrono::microseconds jitter(std::chrono::microseconds most);

    /// The key as the database gets it.
    [[nodiscard]] const dlock::ActualKey& actual_key() const { return actual_key_.value(); }
    void set_actual_key(const dlock::ActualKey& key) { actual_key_ = key; }

    /// Something that must be; `text` says what is wrong if it is not.
    void check(bool good, const std::string& text);
    /// Something without which the rest of the trial makes no sense.
    void need(bool good, const std::string& text);

    /// A call gave this error, or none.
    void saw(std::error_code error);

    /// The fault begins now: what is measured counts from here, and without it nothing is.
    void fault_now() { fault_at(Clock::now()); }
    void fault_at(Clock::time_point when) { fault_ = when; }
    /// The client has found out.
    void detected(Clock::time_point when = Clock::now());
    /// Somebody else could take the lock.
    void reacquired();

    /// Waits until the server says that so many sessions hold the key, or wait for it.
    void until_waiters(int count);
    void until_holders(int count);
    /// Waits until the server says that the owner's session neither holds the key nor waits for it.
    void until_gone(long long session, int owner);

    [[nodiscard]] Findings& findings() { return findings_; }
    /// Checks the history, and that the server knows of no holder and no waiter any more.
    void finish();

  private:
    const Column& column_;
    const bool full_;
    OwnServer* const server_;
    std::mt19937_64 random_;
    const std::string key_;
    std::string folder_;
    std::unique_ptr<History> history_;
    std::unique_ptr<Ledger> ledger_;
    std::shared_ptr<ServerView> view_;
    std::shared_ptr<ServerView> witness_;
    std::optional<dlock::ActualKey> actual_key_;
    [[nodiscard]] int holdings(long long session);
    void measure(Clock::duration& longest, Clock::time_point when) const;

    std::optional<Clock::time_point> fault_;
    std::mutex mutex_;  // guards the findings and the witness: threads of a trial check, too
    Findings findings_;
};

}  // namespace dlock_test
