#include "synqc/py/stack_room.h"

#include <pthread.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>

namespace py = pybind11;

namespace synqc {

namespace {

constexpr std::size_t needed_for_python = 48 << 10;

/// Between which addresses the stack of a thread may grow; empty if the system does not say.
struct Stack {
    std::uintptr_t lowest = 0;
    std::uintptr_t highest = 0;

    static Stack of_this_thread() {
        Stack found;
        pthread_attr_t attributes;
        if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
            void* address = nullptr;
            std::size_t size = 0;
            if (pthread_attr_getstack(&attributes, &address, &size) == 0) {
                // Who was given little keeps less in reserve, so that something can be done at all.
                found.lowest = reinterpret_cast<std::uintptr_t>(address) + std::min(needed_for_python, size / 3);
                found.highest = reinterpret_cast<std::uintptr_t>(address) + size;
            }
            pthread_attr_destroy(&attributes);
        }
        return found;
    }
};

}  // namespace

void check_stack(const char* where) {
    thread_local const Stack stack = Stack::of_this_thread();
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (here < stack.lowest && here < stack.highest) [[unlikely]] {
        PyErr_Format(PyExc_RecursionError,
                     "maximum recursion depth exceeded%s: the stack of this thread is used up (threading.stack_size "
                     "gives more)",
                     where);
        throw py::error_already_set();
    }
}

}  // namespace synqc
