// Simulated servers by name, for programs that take their database as a URL.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/testing/simulator.hpp>

#include <soci/backend-loader.h>
#include <soci/soci.h>

#include <map>
#include <mutex>
#include <utility>

namespace dlock::testing {
namespace {

Product product_of(const std::string& name) {
    static const std::map<std::string, Product> products{{"postgresql", Product::postgresql},
                                                         {"mysql", Product::mysql},
                                                         {"mariadb", Product::mariadb},
                                                         {"mssql", Product::mssql},
                                                         {"oracle", Product::oracle}};
    const auto found = products.find(name);
    if (found == products.end()) {
        throw soci::soci_error("no simulated server is called " + name);
    }
    return found->second;
}

class NamedServers final : public soci::backend_factory {
  public:
    soci::details::session_backend* make_session(
        const soci::connection_parameters& parameters) const override {
        return server_of(parameters.get_connect_string()).factory().make_session(parameters);
    }
};

}  // namespace

SimulatedServer& server_of(const std::string& name) {
    // Never destroyed: sessions with static lifetime may outlive main().
    static auto* const mutex = new std::mutex;
    static auto* const servers = new std::map<std::string, std::unique_ptr<SimulatedServer>>;
    const std::lock_guard lock(*mutex);
    auto& server = (*servers)[name];
    if (server == nullptr) {
        server = std::make_unique<SimulatedServer>(product_of(name));
    }
    return *server;
}

void register_backend() {
    static const NamedServers factory;
    soci::dynamic_backends::register_backend("simulator", factory);
}

}  // namespace dlock::testing
