// From a completion token to an operation.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/asio/detail/call.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/is_executor.hpp>
#include <boost/asio/system_executor.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace dlock::detail {

template <class T>
concept IoExecutor = net::execution::is_executor<T>::value || net::is_executor<T>::value;

/// In place of an executor: that of the handler.
struct HandlersOwn : net::system_executor {};

/// The executor for the I/O of a call: the one that was given, else the handler's, if it can have
/// I/O at all.
template <class Executor, class Handler>
[[nodiscard]] net::any_io_executor io_executor(const Executor& given, const Handler& handler) {
    using Own = net::associated_executor_t<Handler, net::system_executor>;
    if constexpr (!std::is_same_v<Executor, HandlersOwn>) {
        return given;
    } else if constexpr (std::is_constructible_v<net::any_io_executor, Own>) {
        return net::any_io_executor(net::get_associated_executor(handler, net::system_executor()));
    } else {
        return net::system_executor();
    }
}

/// Starts a call for the handler that a token has become. `MakeCall` tells what to do, at the
/// moment when the operation begins.
template <class Executor, class MakeCall, bool with_answer>
class Initiation {
  public:
    using executor_type = Executor;

    Initiation(const Executor& executor, BaseLock& lock, MakeCall make_call)
        : executor_(executor), lock_(&lock), make_call_(std::move(make_call)) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

    template <class Handler>
    void operator()(Handler&& handler) const {
        using Plain = std::decay_t<Handler>;
        const net::any_io_executor executor = io_executor(executor_, handler);
        HandledCall<Plain, with_answer>::start(*lock_, make_call_(*lock_), executor,
                                               std::forward<Handler>(handler));
    }

  private:
    Executor executor_;
    BaseLock* lock_;
    MakeCall make_call_;
};

using AnswerSignature = void(boost::system::error_code, bool);
using PlainSignature = void(boost::system::error_code);

template <class Token>
concept AnswerToken = net::completion_token_for<Token, AnswerSignature>;
template <class Token>
concept PlainToken = net::completion_token_for<Token, PlainSignature>;

/// The executor's own default token, else `deferred`.
template <class Executor, class Own = net::default_completion_token_t<Executor>>
using DefaultToken = std::conditional_t<std::is_void_v<Own>, net::deferred_t, Own>;

template <class Executor, class MakeCall, class Token>
auto initiate_with_answer(const Executor& executor, BaseLock& lock, MakeCall make_call,
                          Token&& token) {
    return net::async_initiate<Token, AnswerSignature>(
        Initiation<Executor, MakeCall, true>(executor, lock, std::move(make_call)), token);
}

template <class Executor, class MakeCall, class Token>
auto initiate(const Executor& executor, BaseLock& lock, MakeCall make_call, Token&& token) {
    return net::async_initiate<Token, PlainSignature>(
        Initiation<Executor, MakeCall, false>(executor, lock, std::move(make_call)), token);
}

}  // namespace dlock::detail
