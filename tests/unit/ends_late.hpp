// Something that ends a little after somebody should have begun to wait for its end.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <future>
#include <thread>

namespace dlock::detail {

/// Lets something end a little later, or as soon as somebody did not wait for that.
class EndsLate {
  public:
    explicit EndsLate(std::promise<void>& leave)
        : thread_([&leave, returned = returned_.get_future()] {
              (void)returned.wait_for(std::chrono::milliseconds(300));
              leave.set_value();
          }) {}
    ~EndsLate() { thread_.join(); }
    EndsLate(const EndsLate&) = delete;
    EndsLate& operator=(const EndsLate&) = delete;

    void waiter_has_returned() { returned_.set_value(); }

  private:
    std::promise<void> returned_;
    std::thread thread_;
};

}  // namespace dlock::detail
