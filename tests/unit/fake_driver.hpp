// A session that a test answers for, and a dialect whose statements are answered with verdicts.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/blocking.hpp"
#include "lock_state.hpp"

#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace dlock::detail {

/// The reply that VerdictDialect takes for this verdict.
inline Reply answer(Verdict verdict) {
    Reply reply;
    reply.has_row = true;
    reply.values[0] = static_cast<int>(verdict);
    return reply;
}

/// The reply that VerdictDialect takes for this fencing token.
inline Reply fencing_token(std::int64_t token) {
    Reply reply = answer(Verdict::fenced);
    reply.values[3] = token;
    return reply;
}

/// The reply that VerdictDialect takes for this error.
inline Reply answer(errc error, bool in_doubt = false) {
    Reply reply;
    reply.failed = true;
    reply.values[0] = static_cast<int>(error);
    reply.values[1] = in_doubt ? 1 : 0;
    reply.native = {.code = 77, .sqlstate = "HY000", .message = "server text"};
    return reply;
}

/// The reply at which VerdictDialect runs out of memory.
inline Reply no_memory() {
    Reply reply;
    reply.values[2] = 1;
    return reply;
}

/// One statement an Op; its reply says what came of it.
class VerdictDialect final : public Dialect {
  public:
    Step start(Op op, const Situation& situation) override {
        static constexpr Purpose purposes[] = {Purpose::try_acquire, Purpose::wait,
                                               Purpose::release, Purpose::verify, Purpose::fence};
        native_ = {};
        statement_.purpose = purposes[static_cast<int>(op)];
        statement_.mode = situation.mode;
        statement_.limit = std::min(situation.slice, situation.remaining);
        statement_.cancellable = op == Op::fence;
        return Step{.send = &statement_};
    }
    Step resume(const Reply& reply) override {
        if (reply.values[2].has_value()) {
            throw std::bad_alloc();
        }
        if (reply.connection_lost) {
            return {.verdict = Verdict::failed, .error = errc::session_lost, .advice = "advice"};
        }
        if (!reply.failed) {
            return {.verdict = static_cast<Verdict>(reply.values[0].value()),
                    .token = reply.values[3].value_or(0)};
        }
        native_ = reply.native;
        return {.verdict = Verdict::failed,
                .error = static_cast<errc>(reply.values[0].value()),
                .advice = "advice",
                .in_doubt = reply.values[1] == 1};
    }
    const NativeError& native() const noexcept override { return native_; }
    bool waits_in_slices() const noexcept override { return true; }
    const FencingSchema& fencing_schema() const noexcept override { return schema_; }
    errc kind_of(const NativeError&) const noexcept override { return errc::database_error; }

  private:
    Statement statement_;
    NativeError native_;
    FencingSchema schema_{};
};

class FakeDriver final : public Driver {
  public:
    bool attached() const noexcept override { return is_attached; }
    const void* handle() const noexcept override { return address; }
    std::uint64_t identity() const noexcept override { return id; }
    std::uint64_t incarnation() const noexcept override {
        return id == 0 ? 0 : id + (std::uint64_t{reconnects} << 32U);
    }
    TransactionState transaction() const noexcept override { return state; }
    std::string server() const override { return name; }
    World& world() const noexcept override { return *clock; }
    int socket() const noexcept override { return connection; }
    bool tells_its_end() const noexcept override { return tells_end; }
    void execute(const Statement& statement, Reply& reply) noexcept override {
        sent.push_back(statement.purpose);
        limits.push_back(statement.limit);
        reply = on_execute(statement);
    }
    std::unique_ptr<Canceller> new_canceller() override {
        ++cancellers;
        return on_make_canceller ? on_make_canceller() : nullptr;
    }
    bool non_blocking() const noexcept override { return suspensions >= 0; }
    Progress begin(const Statement& statement, Reply& reply) noexcept override {
        under_way = &statement;
        suspensions_left_ = suspensions;
        return advance(reply);
    }
    Progress advance(Reply& reply) noexcept override {
        if (suspensions_left_-- > 0) {
            return {.done = false, .reads = true};
        }
        execute(*std::exchange(under_way, nullptr), reply);
        return {};
    }
    void abandon() noexcept override {
        abandoned = true;
        on_abandon();
    }

    /// The last fencing token that was drawn.
    std::int64_t tokens = 0;
    /// What the server answers; by default, what a free lock would.
    std::function<Reply(const Statement&)> on_execute = [this](const Statement& statement) {
        switch (statement.purpose) {
            case Purpose::release:
                return answer(Verdict::released);
            case Purpose::verify:
                return answer(Verdict::held);
            case Purpose::fence:
                return fencing_token(++tokens);
            default:
                return answer(Verdict::granted);
        }
    };
    std::function<std::unique_ptr<Canceller>()> on_make_canceller;
    std::function<void()> on_abandon = [] {};

    /// How often a statement suspends before it is answered; negative: it can only block.
    int suspensions = -1;
    /// The statement that was begun and is not answered; null if there is none.
    const Statement* under_way = nullptr;

    bool is_attached = true;
    const void* address = this;
    std::uint64_t id = 1;
    unsigned reconnects = 0;
    TransactionState state = TransactionState::idle;
    std::string name = "fake";
    World* clock = &World::real();
    int connection = -1;
    bool tells_end = false;

    std::vector<Purpose> sent;
    std::vector<Duration> limits;
    int cancellers = 0;
    bool abandoned = false;

  private:
    int suspensions_left_ = 0;
};

/// What a cancel does; and the end of the connection, if there is a way to do it.
class FakeCanceller final : public Canceller {
  public:
    /// Without a function it cannot do it.
    explicit FakeCanceller(std::function<void()> on_cancel, std::function<void()> on_force = {})
        : on_cancel_(std::move(on_cancel)), on_force_(std::move(on_force)) {}
    bool can_cancel() const noexcept override { return on_cancel_ != nullptr; }
    void cancel() noexcept override { on_cancel_(); }
    bool can_force() const noexcept override { return on_force_ != nullptr; }
    void force() noexcept override {
        if (on_force_ != nullptr) {
            on_force_();
        }
    }

  private:
    std::function<void()> on_cancel_;
    std::function<void()> on_force_;
};

/// A lock on a fake session, with its driver in reach.
struct FakeLock {
    explicit FakeLock(LockOptions options = {}, const Key& key = Key("key"),
                      const void* session = nullptr)
        : FakeLock(std::make_unique<FakeDriver>(), std::move(options), key, session) {}

    FakeDriver& driver;
    BaseLock lock;

  private:
    FakeLock(std::unique_ptr<FakeDriver> made, LockOptions options, const Key& key,
             const void* session)
        : driver(*made), lock(make_state(std::move(made), std::move(options), key, session)) {}

    static std::unique_ptr<LockState> make_state(std::unique_ptr<FakeDriver> driver,
                                                 LockOptions options, const Key& key,
                                                 const void* session) {
        if (session != nullptr) {
            driver->address = session;
        }
        return std::make_unique<LockState>(
            LockParts{.key = key,
                      .actual_key = ActualKey(key.to_string()),
                      .options = std::move(options),
                      .capabilities = {.database = "Fake",
                                       .modes = {Mode::exclusive, Mode::shared},
                                       .xact = true},
                      .driver = std::move(driver),
                      .dialect = std::make_unique<VerdictDialect>()});
    }
};

}  // namespace dlock::detail
