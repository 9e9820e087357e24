// SPDX-License-Identifier: BSL-1.0
#include "drivers/soci_driver.hpp"

#include "drivers/close_session.hpp"
#include "drivers/oracle_error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <string>

namespace dlock::detail {
namespace {

// Left in an output that the server did not write.
constexpr int unset = std::numeric_limits<int>::min();

std::optional<std::int64_t> to_integer(const soci::row& row, std::size_t column) {
    if (row.get_indicator(column) != soci::i_ok) {
        return std::nullopt;
    }
    switch (row.get_properties(column).get_data_type()) {
        case soci::dt_integer:
            return row.get<int>(column);
        case soci::dt_long_long:
            return row.get<long long>(column);
        case soci::dt_string: {
            const std::string text = row.get<std::string>(column);
            std::int64_t number = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), number);
            return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                            : std::nullopt;
        }
        default:
            return std::nullopt;
    }
}

class SociDriver : public Driver {
  public:
    explicit SociDriver(soci::session& session)
        : session_(session), backend_(session.get_backend()) {}

    bool attached() const noexcept override { return session_.get_backend() == backend_; }

    const void* handle() const noexcept override { return backend_; }

    void execute(const Statement& statement, Reply& reply) noexcept override {
        if (!attached()) {
            reply.failed = true;
            reply.connection_lost = true;
            return;
        }
        try {
            statement.outputs[0] != nullptr ? run_block(statement, reply)
                                            : run_query(statement, reply);
        } catch (const std::exception& error) {
            const SessionTraits::Failure failure = failure_of(error);
            reply.failed = true;
            reply.connection_lost = failure.connection_lost;
            reply.native = failure.native;
            reply.has_row = !failure.before.empty();
            std::copy_n(failure.before.begin(), std::min(failure.before.size(), Reply::max_columns),
                        reply.values.begin());
        }
    }

    void abandon() noexcept override {
        if (attached()) {
            close_quietly(session_);
        }
    }

  protected:
    [[nodiscard]] virtual SessionTraits::Failure failure_of(const std::exception& error) const = 0;
    [[nodiscard]] soci::details::session_backend* backend() const noexcept { return backend_; }

  private:
    void run_query(const Statement& statement, Reply& reply) {
        soci::row row;
        soci::statement query(session_);
        query.alloc();
        query.prepare(statement.sql);
        query.exchange(soci::into(row));
        const std::string& key = statement.parameter;
        if (statement.sql.find(":key") != std::string::npos) {
            query.exchange(soci::use(key, "key"));
        }
        query.define_and_bind();
        reply.has_row = query.execute(true);
        if (!reply.has_row) {
            return;
        }
        const std::size_t columns = std::min(row.size(), Reply::max_columns);
        for (std::size_t column = 0; column < columns; ++column) {
            reply.values[column] = to_integer(row, column);
        }
    }

    // A PL/SQL block gives its results through parameters; SOCI writes those that are bound to a
    // variable that is not const.
    void run_block(const Statement& statement, Reply& reply) {
        std::array<int, std::tuple_size_v<decltype(statement.outputs)>> outputs{};
        outputs.fill(unset);
        soci::statement block(session_);
        block.alloc();
        block.prepare(statement.sql);
        const std::string& key = statement.parameter;
        if (statement.sql.find(":key") != std::string::npos) {
            block.exchange(soci::use(key, "key"));
        }
        for (std::size_t i = 0; i < outputs.size() && statement.outputs[i] != nullptr; ++i) {
            block.exchange(soci::use(outputs[i], statement.outputs[i]));
        }
        block.define_and_bind();
        block.execute(true);
        for (std::size_t i = 0; i < outputs.size() && statement.outputs[i] != nullptr; ++i) {
            if (outputs[i] != unset) {
                reply.values[i] = outputs[i];
            }
        }
        reply.has_row = true;
    }

    soci::session& session_;
    soci::details::session_backend* backend_;
};

class TraitsCanceller final : public Canceller {
  public:
    explicit TraitsCanceller(SessionTraits& traits) : traits_(traits) {}
    void cancel() noexcept override { traits_.cancel(); }

  private:
    SessionTraits& traits_;
};

class TraitsDriver final : public SociDriver {
  public:
    explicit TraitsDriver(soci::session& session)
        : SociDriver(session),
          traits_(dynamic_cast<SessionTraits&>(*session.get_backend())),
          world_(traits_.world()) {}

    std::uint64_t identity() const noexcept override { return attached() ? traits_.identity() : 0; }
    TransactionState transaction() const noexcept override {
        return attached() ? traits_.transaction() : TransactionState::unknown;
    }
    std::string server() const override { return traits_.server(); }
    World& world() const noexcept override { return world_; }
    std::unique_ptr<Canceller> new_canceller() override {
        return traits_.can_cancel() ? std::make_unique<TraitsCanceller>(traits_) : nullptr;
    }

  protected:
    SessionTraits::Failure failure_of(const std::exception& error) const override {
        return traits_.failure(error);
    }

  private:
    SessionTraits& traits_;
    World& world_;
};

class OracleDriver final : public SociDriver {
  public:
    explicit OracleDriver(soci::session& session) : SociDriver(session) {}

    // The server session is not known without a round trip. DBMS_LOCK.RELEASE tells whether the
    // session that runs it holds the lock.
    std::uint64_t identity() const noexcept override { return 0; }
    // SOCI's begin() does nothing there: a transaction begins with the first change.
    TransactionState transaction() const noexcept override { return TransactionState::unknown; }
    std::string server() const override {
        // Nothing tells two servers apart here, so each session counts as a server of its own: its
        // waits do not queue behind those of other sessions of this process.
        return "oracle " + std::to_string(reinterpret_cast<std::uintptr_t>(handle()));
    }

  protected:
    SessionTraits::Failure failure_of(const std::exception& error) const override {
        SessionTraits::Failure failure;
        failure.native.message = error.what();
        failure.native.code = oracle_error_code(failure.native.message);
        failure.connection_lost = oracle_connection_lost(failure.native.code);
        return failure;
    }
};

}  // namespace

std::unique_ptr<Driver> make_traits_driver(soci::session& session) {
    return std::make_unique<TraitsDriver>(session);
}

std::unique_ptr<Driver> make_oracle_driver(soci::session& session) {
    return std::make_unique<OracleDriver>(session);
}

const SessionTraits* traits_of(soci::session& session) noexcept {
    return dynamic_cast<const SessionTraits*>(session.get_backend());
}

}  // namespace dlock::detail
