// SPDX-License-Identifier: BSL-1.0
#include "fidelity/play.hpp"

#include "support/server_view.hpp"

#include <chrono>
#include <future>
#include <map>

namespace dlock_test {
namespace {

using namespace std::chrono_literals;

// No step waits as long on purpose: the longest is PostgreSQL's second before a deadlock is found.
constexpr auto patience = 6s;

class Play {
  public:
    Play(TestStage& stage, const TestScript& script, const std::string& number)
        : stage_(stage), number_(number) {
        for (const Step& step : script.steps) {
            if (!step.session.empty() && !sessions_.contains(step.session)) {
                sessions_[step.session] = stage.open();
            }
        }
    }

    ~Play() {
        for (const auto& [name, answer] : pending_) {
            stage_.terminate(sessions_.at(name)->id());
        }
    }

    Play(const Play&) = delete;
    Play& operator=(const Play&) = delete;

    void run(const Step& step) {
        switch (step.kind) {
            case Step::Kind::ends:
                if (send(step)) {
                    take(step.session, step.session + ": " + step.sql);
                }
                return;
            case Step::Kind::waits:
                return wait(step);
            case Step::Kind::continues:
                return take(step.session, step.session + " continues");
            case Step::Kind::first_continues:
                return take_first();
        }
    }

    std::vector<std::string> lines() {
        for (const auto& [name, answer] : pending_) {
            lines_.push_back("! " + name + " still waits at the end");
        }
        return lines_;
    }

  private:
    bool send(const Step& step) {
        if (pending_.contains(step.session)) {
            lines_.push_back("! it still waits: " + step.session + ": " + step.sql);
            return false;
        }
        StageSession& session = *sessions_.at(step.session);
        pending_[step.session] =
            std::async(std::launch::async,
                       [&session, sql = replaced(step.sql)] { return session.execute(sql); });
        return true;
    }

    bool has_ended(const std::string& name) {
        return pending_.at(name).wait_for(0s) == std::future_status::ready;
    }

    void wait(const Step& step) {
        if (!send(step)) {
            return;
        }
        const long long id = sessions_.at(step.session)->id();
        bool waits = false;
        (void)eventually(
            [&] {
                // Asked in this order: it may end in between.
                waits = stage_.waits(id);
                return waits || has_ended(step.session);
            },
            patience);
        if (waits) {
            lines_.push_back(step.session + ": " + step.sql + "\n    waits");
        } else {
            take(step.session, "! no wait of " + step.session + ": " + step.sql);
        }
    }

    void take(const std::string& name, const std::string& line) {
        const auto pending = pending_.find(name);
        if (pending == pending_.end()) {
            lines_.push_back("! " + name + " does not wait");
        } else if (pending->second.wait_for(patience) != std::future_status::ready) {
            lines_.push_back("! it did not end: " + line);
        } else {
            lines_.push_back(line + "\n    " + pending->second.get());
            pending_.erase(pending);
        }
    }

    void take_first() {
        std::string first;
        (void)eventually(
            [&] {
                for (const auto& [name, answer] : pending_) {
                    first = has_ended(name) ? name : first;
                }
                return !first.empty();
            },
            patience);
        take(first, first + " continues first");
    }

    std::string replaced(std::string sql) const {
        const auto replace = [&sql](const std::string& from, const std::string& to) {
            for (auto at = sql.find(from); at != std::string::npos; at = sql.find(from)) {
                sql.replace(at, from.size(), to);
            }
        };
        std::string hex;
        for (const char digit : number_) {
            hex += {'3', digit};
        }
        replace("{n}", number_);
        replace("{hex}", hex);
        for (const auto& [name, session] : sessions_) {
            replace("{id " + name + "}", std::to_string(session->id()));
        }
        return sql;
    }

    TestStage& stage_;
    std::string number_;
    std::map<std::string, std::unique_ptr<StageSession>> sessions_;
    // Its futures wait for their ends when they are destroyed, so it goes first.
    std::map<std::string, std::future<std::string>> pending_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> play(TestStage& stage, const TestScript& script,
                              const std::string& number) {
    Play run(stage, script, number);
    for (const Step& step : script.steps) {
        run.run(step);
    }
    return run.lines();
}

}  // namespace dlock_test
