// Preloaded by test_out_of_memory.py: C++'s allocator, which fails when it is told to.
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> allowed{-1};  // allocations until one fails; negative: none fails
std::atomic<long> failed{0};

bool must_fail() {
    long left = allowed.load(std::memory_order_relaxed);
    while (left >= 0) {
        if (allowed.compare_exchange_weak(left, left - 1)) {
            if (left > 0) {
                return false;
            }
            failed.fetch_add(1);
            return true;
        }
    }
    return false;
}

void* allocated(std::size_t size, std::size_t alignment) {
    if (must_fail()) {
        throw std::bad_alloc();
    }
    size = size == 0 ? 1 : size;
    void* place = alignment == 0 ? std::malloc(size)
                                 : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (place == nullptr) {
        throw std::bad_alloc();
    }
    return place;
}

}  // namespace

extern "C" {
/// The allocation after `count` more fails, once.
void synqc_fail_after(long count) {
    allowed.store(count);
}
/// Lets all succeed; how many have failed since this was asked last.
long synqc_stop_failing() {
    allowed.store(-1);
    return failed.exchange(0);
}
}

void* operator new(std::size_t size) {
    return allocated(size, 0);
}
void* operator new[](std::size_t size) {
    return allocated(size, 0);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocated(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return allocated(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return must_fail() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return must_fail() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete[](void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
    std::free(place);
}
void operator delete[](void* place, std::size_t) noexcept {
    std::free(place);
}
void operator delete(void* place, std::align_val_t) noexcept {
    std::free(place);
}
void operator delete[](void* place, std::align_val_t) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t, std::align_val_t) noexcept {
    std::free(place);
}
void operator delete[](void* place, std::size_t, std::align_val_t) noexcept {
    std::free(place);
}
