#include "synqc/py/gil.h"

#include <cxxabi.h>
#include <unistd.h>

#include <utility>

namespace synqc {

namespace {

/// What this thread has let go of, for it to be taken back.
thread_local PyThreadState* released = nullptr;

void take_back(PyThreadState* thread) noexcept {
    try {
        PyEval_RestoreThread(thread);
    } catch (const abi::__forced_unwind&) {
        park_thread();
    }
}

}  // namespace

void park_thread() noexcept {
    for (;;) {
        pause();
    }
}

bool interpreter_goes() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
}

WithoutGil::WithoutGil() noexcept : outer_(std::exchange(released, PyEval_SaveThread())) {}

WithoutGil::~WithoutGil() {
    take_back(std::exchange(released, outer_));
}

WithGil::WithGil() noexcept : taken_(std::exchange(released, nullptr)) {
    if (taken_ != nullptr) {
        take_back(taken_);
    } else if (PyGILState_Check() == 0) {
        Py_FatalError("synqc: a thread that Python does not know asked for the GIL");
    }
}

WithGil::~WithGil() {
    if (taken_ != nullptr) {
        released = PyEval_SaveThread();
    }
}

}  // namespace synqc
