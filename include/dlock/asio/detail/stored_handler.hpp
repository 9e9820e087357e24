// A completion handler while its operation is under way.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/associated_allocator.hpp>

#include <memory>
#include <utility>

namespace dlock::detail {

/// Keeps a handler in memory from its associated allocator, and gives that back before the handler
/// is called: it may end with the handler.
template <class Handler>
class StoredHandler {
  public:
    explicit StoredHandler(Handler handler)
        : allocator_(boost::asio::get_associated_allocator(handler)),
          handler_(Traits::allocate(allocator_, 1)) {
        try {
            std::construct_at(std::to_address(handler_), std::move(handler));
        } catch (...) {
            Traits::deallocate(allocator_, handler_, 1);
            throw;
        }
    }
    StoredHandler(const StoredHandler&) = delete;
    StoredHandler& operator=(const StoredHandler&) = delete;
    ~StoredHandler() { reset(); }

    /// Precondition: it was not taken before.
    [[nodiscard]] Handler take() {
        Handler handler = std::move(*handler_);
        reset();
        return handler;
    }

  private:
    using Allocator = typename std::allocator_traits<
        boost::asio::associated_allocator_t<Handler>>::template rebind_alloc<Handler>;
    using Traits = std::allocator_traits<Allocator>;

    void reset() noexcept {
        if (handler_ != nullptr) {
            std::destroy_at(std::to_address(handler_));
            Traits::deallocate(allocator_, std::exchange(handler_, nullptr), 1);
        }
    }

    Allocator allocator_;
    typename Traits::pointer handler_;
};

}  // namespace dlock::detail
