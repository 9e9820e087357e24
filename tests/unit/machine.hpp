// Drives a dialect's machine by hand: hand-made replies in, statements and verdicts out.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/dialect.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dlock::detail {

inline Reply no_row() {
    return {};
}

inline Reply row(std::vector<std::optional<std::int64_t>> values) {
    Reply reply;
    reply.has_row = true;
    for (std::size_t i = 0; i < values.size(); ++i) {
        reply.values.at(i) = values[i];
    }
    return reply;
}

inline Reply null_row() {
    return row({std::nullopt});
}

inline Reply error(NativeError native) {
    Reply reply;
    reply.failed = true;
    reply.native = std::move(native);
    return reply;
}

inline Reply sqlstate(const char* state) {
    return error({.sqlstate = state, .message = std::string("server text of ") + state});
}

inline Reply error_number(int number) {
    return error({.code = number, .message = "server text of " + std::to_string(number)});
}

/// A statement that failed after one before it in the same string had given a row.
inline Reply row_and(std::int64_t value, Reply failure) {
    failure.has_row = true;
    failure.values[0] = value;
    return failure;
}

inline Reply connection_lost() {
    Reply reply = error({.message = "gone"});
    reply.connection_lost = true;
    return reply;
}

/// A dialect and the step it is at.
class Machine {
  public:
    explicit Machine(std::unique_ptr<Dialect> dialect) : dialect_(std::move(dialect)) {}

    Machine& start(Op op, const Situation& situation) {
        step_ = dialect_->start(op, situation);
        return *this;
    }

    Machine& reply(const Reply& reply) {
        EXPECT_NE(step_.send, nullptr) << "nothing was asked";
        step_ = dialect_->resume(reply);
        return *this;
    }

    [[nodiscard]] const Step& step() const { return step_; }
    [[nodiscard]] const NativeError& native() const { return dialect_->native(); }
    [[nodiscard]] const Dialect& dialect() const { return *dialect_; }

    [[nodiscard]] const Statement& sent() const {
        static const Statement nothing{};
        EXPECT_NE(step_.send, nullptr);
        return step_.send != nullptr ? *step_.send : nothing;
    }
    [[nodiscard]] const std::string& sql() const { return sent().sql; }

  private:
    std::unique_ptr<Dialect> dialect_;
    Step step_{};
};

inline testing::AssertionResult asks(const Machine& machine, Purpose purpose) {
    const Step& step = machine.step();
    if (step.send == nullptr) {
        return testing::AssertionFailure() << "a verdict: " << static_cast<int>(step.verdict) << ' '
                                           << make_error_code(step.error).message();
    }
    if (step.send->purpose != purpose) {
        return testing::AssertionFailure()
               << "purpose " << static_cast<int>(step.send->purpose) << ": " << step.send->sql;
    }
    return testing::AssertionSuccess();
}

inline testing::AssertionResult gives(const Machine& machine, Verdict verdict) {
    const Step& step = machine.step();
    if (step.send != nullptr) {
        return testing::AssertionFailure() << "sends " << step.send->sql;
    }
    if (step.verdict != verdict) {
        return testing::AssertionFailure() << "verdict " << static_cast<int>(step.verdict) << ' '
                                           << make_error_code(step.error).message();
    }
    return testing::AssertionSuccess();
}

inline testing::AssertionResult fails(const Machine& machine, errc error) {
    if (const auto result = gives(machine, Verdict::failed); !result) {
        return result;
    }
    const Step& step = machine.step();
    if (step.error != error || std::string_view(step.advice).empty() || step.in_doubt) {
        return testing::AssertionFailure() << make_error_code(step.error).message() << " ("
                                           << step.advice << ") in doubt: " << step.in_doubt;
    }
    return testing::AssertionSuccess();
}

inline testing::AssertionResult fails_in_doubt(const Machine& machine) {
    if (const auto result = gives(machine, Verdict::failed); !result) {
        return result;
    }
    return machine.step().in_doubt ? testing::AssertionSuccess()
                                   : testing::AssertionFailure() << "not in doubt";
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

inline bool before(std::string_view text, std::string_view first, std::string_view second) {
    const auto one = text.find(first);
    const auto two = text.find(second);
    return one != std::string_view::npos && two != std::string_view::npos && one < two;
}

inline std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace dlock::detail
