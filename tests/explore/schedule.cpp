// SPDX-License-Identifier: BSL-1.0
#include "explore/schedule.hpp"

#include "explore/client.hpp"

#include <map>
#include <memory>
#include <set>

namespace dlock_test {
namespace {

using namespace std::chrono_literals;
using dlock::testing::Behaviour;
using dlock::testing::Fault;
using dlock::testing::SimulatedServer;
using dlock::testing::VirtualWorld;

// Faults are rare, so that what comes after them is seen, too.
Fault draw_fault(VirtualWorld& world, unsigned percent) {
    if (world.random(100) >= percent) {
        return Fault::none;
    }
    static constexpr Fault faults[] = {Fault::lost_request,  Fault::lost_reply,
                                       Fault::killed_before, Fault::killed_after,
                                       Fault::cancelled,     Fault::ended_after_grant,
                                       Fault::cancelled,     Fault::ended_after_grant};
    return faults[world.random(std::size(faults))];
}

}  // namespace

std::vector<std::string> run_schedule(const Setting& setting, std::uint64_t seed, Tally& tally) {
    VirtualWorld world(seed);
    const unsigned fault_percent =
        world.random(3) == 0 ? 0 : static_cast<unsigned>(world.random(12));
    std::unique_ptr<Stage> stage;
    Behaviour behaviour{.babelfish = setting.babelfish, .world = &world};
    behaviour.latency = [&world] { return std::chrono::milliseconds(world.random(3) / 2); };
    if (world.random(2) == 0) {
        behaviour.deadlock_timeout = std::chrono::milliseconds(world.random(30));
    }
    behaviour.notices_cut_after = std::chrono::milliseconds(world.random(20));
    // So many more statements of a session are cancelled, one after the other.
    std::map<std::int64_t, std::uint64_t> storms;
    behaviour.fault = [&](std::int64_t session, std::string_view sql) {
        ++tally.statements;
        const std::string_view purpose = purpose_of(setting.product, sql);
        // The user's own statements are cut as well, but not cancelled: they would not ask again.
        Fault fault = draw_fault(world, fault_percent);
        if (purpose != "user" && storms[session] > 0) {
            --storms[session];
            fault = Fault::cancelled;
        } else if (fault == Fault::cancelled && world.random(4) == 0) {
            storms[session] = world.random(8);
        }
        if (purpose == "user" && fault == Fault::cancelled) {
            fault = Fault::none;
        }
        if (fault != Fault::none) {
            ++tally.faults[{std::string(purpose), name_of(fault)}];
        }
        if (setting.trace) {
            stage->trace(static_cast<int>(session),
                         std::string(name_of(fault)) + " | " + std::string(sql));
        }
        return fault;
    };
    SimulatedServer server(setting.product, behaviour);
    stage = std::make_unique<Stage>(
        Stage{.setting = setting, .world = world, .server = server, .tally = tally});

    std::vector<std::unique_ptr<Client>> clients;
    const auto count = 2 + world.random(3);
    for (std::uint64_t i = 0; i < count; ++i) {
        clients.push_back(std::make_unique<Client>(*stage, static_cast<int>(i)));
        world.spawn([client = clients.back().get()] { client->run(); });
    }
    if (world.random(4) == 0) {
        world.spawn([&] {
            world.sleep_for(std::chrono::milliseconds(world.random(200)));
            world.random(4) == 0 ? server.restart()
                                 : server.terminate(100 + static_cast<int>(world.random(count)));
        });
    }
    world.on_step([&] {
        std::uint64_t state = server.digest();
        for (const auto& client : clients) {
            state = (state ^ client->place()) * 1099511628211U;
            client->look();
        }
        tally.states.insert(state);
    });
    try {
        if (!world.run(world.now() + 10h)) {
            stage->violation(-1, "somebody waits for ever");
            return stage->violations;
        }
    } catch (const std::exception& error) {
        stage->violation(-1, std::string("an exception: ") + error.what());
    }
    ++tally.schedules;
    world.on_step({});
    // Cut sessions may live until the server notices.
    world.spawn([&] {
        world.sleep_for(50ms);
        const soci::session another(server.factory(), "");
    });
    (void)world.run();
    if (server.sessions() != 0 || server.locks() != 0) {
        stage->violation(-1, "left behind: " + std::to_string(server.sessions()) + " sessions, " +
                                 std::to_string(server.locks()) + " locks");
    }
    return stage->violations;
}

}  // namespace dlock_test
