// What scripts are played on: a real server or a simulated one.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"

#include <dlock/session_traits.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dlock_test {

/// One session.
class StageSession {
  public:
    StageSession() = default;
    virtual ~StageSession() = default;
    StageSession(const StageSession&) = delete;
    StageSession& operator=(const StageSession&) = delete;

    /// The server's number of it.
    [[nodiscard]] virtual long long id() const = 0;
    /// Sends the string and says what came of it, in the words of Answer::text().
    [[nodiscard]] virtual std::string execute(const std::string& sql) = 0;
};

class TestStage {
  public:
    TestStage() = default;
    virtual ~TestStage() = default;
    TestStage(const TestStage&) = delete;
    TestStage& operator=(const TestStage&) = delete;

    /// As dlock::SessionTraits::server_version().
    [[nodiscard]] virtual int version() = 0;
    [[nodiscard]] virtual std::unique_ptr<StageSession> open() = 0;
    /// True if the session waits for a lock, as the server sees it.
    [[nodiscard]] virtual bool waits(long long id) = 0;
    virtual void terminate(long long id) = 0;
};

/// What a string of statements was answered with.
struct Answer {
    using Row = std::vector<std::optional<std::string>>;
    /// Of the last statement that had columns; nothing if none had.
    std::optional<std::vector<Row>> rows{};
    /// SQLSTATE or the server's number; empty if there was none.
    std::string error{};
    bool connection_lost = false;

    /// "ok", "no rows", rows as "(1, NULL)", "error 55P03", "error 55P03 after (1)" with what is
    /// not a number as "-", "connection lost".
    [[nodiscard]] std::string text() const;
};

[[nodiscard]] std::unique_ptr<TestStage> make_postgresql_stage(const Database& database);
[[nodiscard]] std::unique_ptr<TestStage> make_mysql_stage(const Database& database);
/// `version` is that of the real server.
[[nodiscard]] std::unique_ptr<TestStage> make_simulated_stage(dlock::Product product, int version);

}  // namespace dlock_test
