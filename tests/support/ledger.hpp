// A ledger of holders in memory that processes share: it shows two holders at once.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace dlock_test {

class Ledger {
  public:
    static constexpr int max_workers = 64;
    static constexpr int max_owners = 256;

    /// Opens or makes the ledger in the file at `path`.
    explicit Ledger(const std::string& path);
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    /// An exclusive holder enters and leaves; whoever is inside already is an overlap.
    void enter() noexcept;
    void leave() noexcept;
    /// A shared holder enters and leaves; an exclusive holder inside is an overlap.
    void enter_shared() noexcept;
    void leave_shared() noexcept;

    /// The same for exclusive holders with numbers from 1, who may die inside: whoever finds
    /// another inside who has not been declared dead is an overlap. Who leaves is alive again.
    void enter(int owner) noexcept;
    void leave(int owner) noexcept;
    void declare_dead(int owner) noexcept;

    void count(int worker) noexcept;
    [[nodiscard]] long long grants(int worker) const noexcept;
    [[nodiscard]] long long overlaps() const noexcept;

    /// Workers report that they are ready and wait for the start; and for the end.
    void ready() noexcept;
    [[nodiscard]] int ready_count() const noexcept;
    void start() noexcept;
    [[nodiscard]] bool started() const noexcept;
    void stop() noexcept;
    [[nodiscard]] bool stopped() const noexcept;

  private:
    struct Page;
    Page* page_;
};

}  // namespace dlock_test
