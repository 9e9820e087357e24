// SPDX-License-Identifier: BSL-1.0
#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local int allocations = 0;
thread_local int first_that_fails = dlock_test::Allocations::all_succeed;

// Out of line, or the compiler pairs one operator's insides with the other and warns.
#ifdef __GNUC__
#define DLOCK_OUT_OF_LINE __attribute__((noinline))
#else
#define DLOCK_OUT_OF_LINE
#endif

DLOCK_OUT_OF_LINE void* allocate(std::size_t size) {
    if (counting) {
        const bool fails = first_that_fails >= 0 && allocations >= first_that_fails;
        ++allocations;
        if (fails) {
            throw std::bad_alloc();
        }
    }
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    throw std::bad_alloc();
}

DLOCK_OUT_OF_LINE void deallocate(void* memory) noexcept {
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
    return allocate(size);
}
void* operator new[](std::size_t size) {
    return allocate(size);
}
void operator delete(void* memory) noexcept {
    deallocate(memory);
}
void operator delete[](void* memory) noexcept {
    deallocate(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    deallocate(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    deallocate(memory);
}

namespace dlock_test {

Allocations::Allocations(int first) {
    allocations = 0;
    first_that_fails = first;
    counting = true;
}

Allocations::~Allocations() {
    counting = false;
}

int Allocations::count() {
    return allocations;
}

}  // namespace dlock_test
