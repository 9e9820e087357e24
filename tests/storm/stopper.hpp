// Requests stops at given times, from threads of its own.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <stop_token>
#include <utility>

namespace dlock_test {

/// Several threads: requesting a stop may block for as long as the server takes to hear of it.
class Stopper {
  public:
    ~Stopper() {
        pool_.stop();
        pool_.join();
    }

    /// Requests the stop `after` now, whether or not anybody still listens.
    void stop(std::stop_source source, std::chrono::microseconds after) {
        const auto timer = std::make_shared<boost::asio::steady_timer>(pool_, after);
        timer->async_wait([timer, source = std::move(source)](const auto& error) mutable {
            if (!error) {
                source.request_stop();
            }
        });
    }

  private:
    boost::asio::thread_pool pool_{8};
};

}  // namespace dlock_test
