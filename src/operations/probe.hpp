// One question to the server on behalf of the loss watcher.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/dialect.hpp"
#include "engine/operation.hpp"
#include "loss/loss_watch.hpp"

namespace dlock::detail {

/// Asks the server whether the session holds the lock, and leaves the lock's own state alone: its
/// thread may be looking at it.
class ProbeOperation final : public Operation {
  public:
    ProbeOperation(Dialect& dialect, Driver& driver, Mode mode)
        : dialect_(dialect), driver_(driver), mode_(mode) {}

    Action start(const Moment& moment) override;
    Action resume(Event event, const Moment& moment) override;
    void abandon() noexcept override;
    bool held() const noexcept override { return answer_ == Held::yes; }

    [[nodiscard]] Held answer() const noexcept { return answer_; }

  private:
    Action proceed(const Step& step);

    Dialect& dialect_;
    Driver& driver_;
    Mode mode_;
    Held answer_ = Held::unknown;
};

}  // namespace dlock::detail
