// The SOCI backend through which programs reach a simulated server.
// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/server_model.hpp"
#include "support/simulator/tokens.hpp"

#include <soci/soci.h>
#include <soci/version.h>

#include <algorithm>
#include <utility>

namespace dlock::testing {
namespace {

namespace details = soci::details;

/// A server's error on its way through SOCI.
class SimulatorError final : public soci::soci_error {
  public:
    explicit SimulatorError(SqlError error) : soci_error(error.what()), error_(std::move(error)) {}
    // SOCI 4.0 has no move, and its copy allocates.
    ~SimulatorError() noexcept override = default;
    SimulatorError(const SimulatorError&) = default;
    SimulatorError& operator=(const SimulatorError&) = delete;

    [[nodiscard]] const SqlError& error() const noexcept { return error_; }

  private:
    SqlError error_;
};

class SimulatorSession final : public details::session_backend, public SessionTraits {
  public:
    explicit SimulatorSession(ServerModel& server) : server_(server), session_(server.connect()) {}
    // Said aloud: SOCI 4.1 lets the destructors of its backends throw.
    ~SimulatorSession() noexcept override { clean_up(); }

    // SOCI's interface.
    bool is_connected() override {
        return session_->connected &&
               server_.look([this](const auto&, const auto&) { return session_->alive; });
    }
    void begin() override { send("begin"); }
    void commit() override { send("commit"); }
    void rollback() override { send("rollback"); }
    std::string get_dummy_from_table() const override { return {}; }
    std::string get_backend_name() const override { return "simulator"; }
    void clean_up() { server_.disconnect(session_); }
    details::statement_backend* make_statement_backend() override;
    details::rowid_backend* make_rowid_backend() override { return nullptr; }
    details::blob_backend* make_blob_backend() override { return nullptr; }

    // What the library asks.
    Product product() const override { return server_.product(); }
    int server_version() const override { return server_.version(); }
    std::uint64_t identity() const noexcept override {
        return static_cast<std::uint64_t>(session_->id);
    }
    TransactionState transaction() const noexcept override {
        // As the client libraries of the databases do or do not tell.
        if (server_.product() == Product::oracle || server_.product() == Product::mssql) {
            return TransactionState::unknown;
        }
        switch (session_->transaction) {
            case ServerSession::Transaction::active:
                return TransactionState::active;
            case ServerSession::Transaction::failed:
                return TransactionState::failed;
            case ServerSession::Transaction::none:
                break;
        }
        return TransactionState::idle;
    }
    std::string server() const override {
        return "simulator " + std::to_string(reinterpret_cast<std::uintptr_t>(&server_));
    }
    Failure failure(const std::exception& error) const override {
        Failure failure;
        failure.native.message = error.what();
        if (const auto* const known = dynamic_cast<const SimulatorError*>(&error)) {
            failure.native.code = known->error().code;
            failure.native.sqlstate = known->error().sqlstate;
            failure.connection_lost = known->error().connection_lost;
            if (!known->error().before.rows.empty()) {
                for (const Value& value : known->error().before.rows[0]) {
                    failure.before.push_back(std::holds_alternative<std::int64_t>(value)
                                                 ? std::optional(std::get<std::int64_t>(value))
                                                 : std::nullopt);
                }
            }
        }
        return failure;
    }
    bool can_cancel() const noexcept override { return true; }
    void cancel() noexcept override { server_.cancel(session_->id); }
    World& world() const noexcept override { return server_.world(); }

    [[nodiscard]] SessionId id() const noexcept { return session_->id; }

    ResultSet execute(const std::string& sql, Parameters& parameters) {
        try {
            return server_.execute(*session_, sql, parameters);
        } catch (const SqlError& error) {
            throw SimulatorError(error);
        } catch (const UnknownSql& error) {
            const Product product = server_.product();
            const bool is_mysql = product == Product::mysql || product == Product::mariadb;
            throw SimulatorError(is_mysql ? SqlError(1064, "42000", error.what())
                                          : SqlError(0, "42601", error.what()));
        }
    }

  private:
    void send(const char* sql) {
        Parameters none;
        (void)execute(sql, none);
    }

    ServerModel& server_;
    std::shared_ptr<ServerSession> session_;
};

class SimulatorStatement final : public details::statement_backend {
  public:
    explicit SimulatorStatement(SimulatorSession& session) : session_(session) {}

    void alloc() override {}
    void clean_up() override {}
    void prepare(const std::string& query, details::statement_type) override { query_ = query; }

    exec_fetch_result execute(int number) override {
        if (!std::exchange(described_, false)) {
            result_ = session_.execute(query_, parameters);
        }
        next_ = 0;
        return number > 0 ? fetch(number) : ef_no_data;
    }
    exec_fetch_result fetch(int) override {
        if (next_ >= result_.rows.size()) {
            return ef_no_data;
        }
        ++next_;
        return ef_success;
    }
    long long get_affected_rows() override { return -1; }
    int get_number_of_rows() override { return next_ == 0 ? 0 : 1; }
    std::string get_parameter_name(int) const override { return {}; }
    std::string rewrite_for_procedure_call(const std::string& query) override { return query; }

    // Only the execution tells what columns there are.
    int prepare_for_describe() override {
        (void)execute(0);
        described_ = true;
        return static_cast<int>(result_.columns);
    }
#if SOCI_VERSION >= 400100
    void describe_column(int number, soci::db_type& type, std::string& name) override {
        name = "column" + std::to_string(number);
        const Value* const value = sample(number);
        type = value != nullptr && std::holds_alternative<std::int64_t>(*value) ? soci::db_int64
                                                                                : soci::db_string;
    }
#else
    void describe_column(int number, soci::data_type& type, std::string& name) override {
        name = "column" + std::to_string(number);
        const Value* const value = sample(number);
        type = value != nullptr && std::holds_alternative<std::int64_t>(*value) ? soci::dt_long_long
                                                                                : soci::dt_string;
    }
#endif

    details::standard_into_type_backend* make_into_type_backend() override;
    details::standard_use_type_backend* make_use_type_backend() override;
    details::vector_into_type_backend* make_vector_into_type_backend() override {
        return nullptr;
    }
    details::vector_use_type_backend* make_vector_use_type_backend() override {
        return nullptr;
    }

    [[nodiscard]] const Value& column(int position) const {
        static const Value none;
        const auto& row = result_.rows.at(next_ - 1);
        const auto index = static_cast<std::size_t>(position - 1);
        return index < row.size() ? row[index] : none;
    }

    Parameters parameters;

  private:
    const Value* sample(int number) const {
        return result_.rows.empty() ? nullptr
                                    : &result_.rows[0][static_cast<std::size_t>(number - 1)];
    }

    SimulatorSession& session_;
    std::string query_;
    ResultSet result_;
    std::size_t next_ = 0;
    bool described_ = false;
};

void store(const Value& value, void* data, details::exchange_type type) {
    switch (type) {
        case details::x_integer:
            *static_cast<int*>(data) = static_cast<int>(to_integer(value));
            return;
        case details::x_long_long:
            *static_cast<long long*>(data) = to_integer(value);
            return;
        case details::x_double:
            *static_cast<double*>(data) = to_number(value);
            return;
        case details::x_stdstring:
            *static_cast<std::string*>(data) = to_text(value);
            return;
        default:
            throw soci::soci_error("the simulator does not know this type");
    }
}

class SimulatorInto final : public details::standard_into_type_backend {
  public:
    explicit SimulatorInto(SimulatorStatement& statement) : statement_(statement) {}

    void define_by_pos(int& position, void* data, details::exchange_type type) override {
        position_ = position++;
        data_ = data;
        type_ = type;
    }
    void pre_fetch() override {}
    void post_fetch(bool got_data, bool, soci::indicator* indicator) override {
        if (!got_data) {
            return;
        }
        const Value& value = statement_.column(position_);
        if (indicator != nullptr) {
            *indicator = is_null(value) ? soci::i_null : soci::i_ok;
        } else if (is_null(value)) {
            throw soci::soci_error("Null value fetched and no indicator defined.");
        }
        if (!is_null(value)) {
            store(value, data_, type_);
        }
    }
    void clean_up() override {}

  private:
    SimulatorStatement& statement_;
    int position_ = 0;
    void* data_ = nullptr;
    details::exchange_type type_ = details::x_integer;
};

class SimulatorUse final : public details::standard_use_type_backend {
  public:
    explicit SimulatorUse(SimulatorStatement& statement) : statement_(statement) {}

    void bind_by_pos(int&, void*, details::exchange_type, bool) override {
        throw soci::soci_error("the simulator binds by name");
    }
    void bind_by_name(const std::string& name, void* data, details::exchange_type type,
                      bool read_only) override {
        name_ = name;
        data_ = data;
        type_ = type;
        read_only_ = read_only;
    }
    void pre_use(const soci::indicator* indicator) override {
        Value value;
        if (indicator == nullptr || *indicator == soci::i_ok) {
            value = type_ == details::x_stdstring
                        ? Value(*static_cast<std::string*>(data_))
                        : Value(std::int64_t{type_ == details::x_integer
                                                 ? *static_cast<int*>(data_)
                                                 : *static_cast<long long*>(data_)});
        }
        statement_.parameters[name_] = std::move(value);
    }
    void post_use(bool, soci::indicator*) override {
        if (!read_only_) {
            store(statement_.parameters[name_], data_, type_);
        }
    }
    void clean_up() override {}

  private:
    SimulatorStatement& statement_;
    std::string name_;
    void* data_ = nullptr;
    details::exchange_type type_ = details::x_integer;
    bool read_only_ = true;
};

details::statement_backend* SimulatorSession::make_statement_backend() {
    return new SimulatorStatement(*this);
}

details::standard_into_type_backend* SimulatorStatement::make_into_type_backend() {
    return new SimulatorInto(*this);
}

details::standard_use_type_backend* SimulatorStatement::make_use_type_backend() {
    return new SimulatorUse(*this);
}

class SimulatorFactory final : public soci::backend_factory {
  public:
    explicit SimulatorFactory(ServerModel& server) : server_(server) {}

    details::session_backend* make_session(const soci::connection_parameters&) const override {
        return new SimulatorSession(server_);
    }

  private:
    ServerModel& server_;
};

}  // namespace

std::unique_ptr<soci::backend_factory> make_factory(ServerModel& model) {
    return std::make_unique<SimulatorFactory>(model);
}

std::int64_t SimulatedServer::session_id(soci::session& session) {
    return static_cast<SimulatorSession*>(session.get_backend())->id();
}

}  // namespace dlock::testing
