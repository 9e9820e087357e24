// SPDX-License-Identifier: BSL-1.0
#include "fidelity/stage.hpp"

#include <dlock/testing/simulator.hpp>

namespace dlock_test {
namespace {

using dlock::Product;
using dlock::testing::SimulatedServer;

class SimulatedSession final : public StageSession {
  public:
    explicit SimulatedSession(SimulatedServer& server) : session_(server.factory(), "") {}

    long long id() const override { return SimulatedServer::session_id(session_); }

    std::string execute(const std::string& sql) override {
        Answer answer;
        try {
            soci::row row;
            soci::statement statement = (session_.prepare << sql, soci::into(row));
            bool has_row = statement.execute(true);
            if (row.size() > 0) {
                answer.rows.emplace();
            }
            for (; has_row; has_row = statement.fetch()) {
                answer.rows->push_back(values_of(row));
            }
        } catch (const std::exception& error) {
            tell(error, answer);
        }
        return answer.text();
    }

  private:
    static Answer::Row values_of(const soci::row& row) {
        Answer::Row values;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (row.get_indicator(i) == soci::i_null) {
                values.emplace_back();
            } else if (row.get_properties(i).get_data_type() == soci::dt_string) {
                values.emplace_back(row.get<std::string>(i));
            } else {
                values.emplace_back(std::to_string(row.get<long long>(i)));
            }
        }
        return values;
    }

    void tell(const std::exception& error, Answer& answer) {
        const auto& traits = dynamic_cast<const dlock::SessionTraits&>(*session_.get_backend());
        const auto failure = traits.failure(error);
        const bool is_postgresql = traits.product() == Product::postgresql;
        answer.error =
            is_postgresql ? failure.native.sqlstate : std::to_string(failure.native.code);
        answer.connection_lost = failure.connection_lost;
        if (!failure.before.empty()) {
            Answer::Row& row = answer.rows.emplace().emplace_back();
            for (const auto& value : failure.before) {
                row.push_back(value ? std::optional(std::to_string(*value)) : std::nullopt);
            }
        }
    }

    mutable soci::session session_;
};

class SimulatedStage final : public TestStage {
  public:
    SimulatedStage(Product product, int version)
        : version_(version), server_(product, {.version = version}) {}

    int version() override { return version_; }
    std::unique_ptr<StageSession> open() override {
        return std::make_unique<SimulatedSession>(server_);
    }
    bool waits(long long id) override { return server_.waits(id); }
    void terminate(long long id) override { server_.terminate(id); }

  private:
    int version_;
    SimulatedServer server_;
};

}  // namespace

std::unique_ptr<TestStage> make_simulated_stage(Product product, int version) {
    return std::make_unique<SimulatedStage>(product, version);
}

}  // namespace dlock_test
