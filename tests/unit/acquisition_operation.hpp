// Dialects and acquisitions without a lock around them, as operations for an engine.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/blocking.hpp"

#include <stop_token>

namespace dlock::detail {

/// An Acquisition alone.
class AcquisitionOperation final : public Operation {
  public:
    AcquisitionOperation(Dialect& dialect, const LockOptions& options, AcquireRequest request,
                         const Contender& contender)
        : dialect_(dialect), options_(options), request_(request), contender_(contender) {
        contender_.mode = request.mode;
    }

    Action start(const Moment& moment) override {
        acquisition_.emplace(dialect_, options_, request_);
        return end = acquisition_->start(moment);
    }
    Action resume(Event event, const Moment& moment) override {
        return end = acquisition_->resume(event, moment);
    }
    void abandon() noexcept override { abandoned = true; }
    bool held() const noexcept override { return end.outcome == Action::Outcome::acquired; }
    const Contender* contender() const noexcept override {
        return request_.no_wait ? nullptr : &contender_;
    }
    void wait_in_short_slices() noexcept override { request_.short_slices = true; }

    Action end;
    bool abandoned = false;

  private:
    Dialect& dialect_;
    const LockOptions& options_;
    AcquireRequest request_;
    Contender contender_;
    std::optional<Acquisition> acquisition_;
};

/// One Op of a dialect.
class OpOperation final : public Operation {
  public:
    OpOperation(Dialect& dialect, Op op, Mode mode) : dialect_(dialect), op_(op), mode_(mode) {}

    Action start(const Moment& moment) override {
        return proceed(dialect_.start(op_, situation_of(moment, mode_)));
    }
    Action resume(Event, const Moment& moment) override {
        return proceed(dialect_.resume(*moment.reply));
    }
    void abandon() noexcept override {}
    bool held() const noexcept override { return false; }

    Step end;

  private:
    Action proceed(const Step& step) {
        end = step;
        return step.send != nullptr ? Action{.kind = Action::Kind::send, .statement = step.send}
                                    : Action{.kind = Action::Kind::done};
    }

    Dialect& dialect_;
    Op op_;
    Mode mode_;
};

inline Action run_blocking(Driver& driver, Dialect& dialect, const LockOptions& options,
                           const AcquireRequest& request, const Contender& contender,
                           const std::stop_token& stop) {
    AcquisitionOperation operation(dialect, options, request, contender);
    run_blocking(driver, operation, stop);
    return operation.end;
}

inline Step run_blocking(Driver& driver, Dialect& dialect, Op op, Mode mode) {
    OpOperation operation(dialect, op, mode);
    run_blocking(driver, operation);
    return operation.end;
}

}  // namespace dlock::detail
