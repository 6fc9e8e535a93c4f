#include "synqc/py/signals.h"

#include <chrono>

#include "synqc/py/gil.h"

namespace py = pybind11;

namespace synqc {

namespace {

constexpr std::int64_t progress_interval_ms = 100;

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

SignalWatch::SignalWatch(RunControl& control, py::object progress, const std::atomic<bool>* stop)
    : control_(control), progress_(std::move(progress)), stop_(stop), last_progress_ms_(now_ms()) {
    control_.tick = [this] { tick(); };
}

void SignalWatch::tick() {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) {
        control_.stop_requested.store(true);
    }
    const WithGil python;
    try {
        hear_and_tell();
    } catch (...) {
        error_ = std::current_exception();
        control_.stop_requested.store(true);
    }
}

void SignalWatch::hear_and_tell() {
    if (PyErr_CheckSignals() != 0) {
        if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) == 0) {
            throw py::error_already_set();
        }
        PyErr_Clear();
        interrupted_ = true;
        control_.stop_requested.store(true);
    }
    if (!progress_.is_none() && now_ms() - last_progress_ms_ >= progress_interval_ms) {
        last_progress_ms_ = now_ms();
        progress_(control_.work_done.load(), control_.work_total.load());
    }
}

void SignalWatch::rethrow_error() {
    if (error_) {
        std::rethrow_exception(error_);
    }
}

}  // namespace synqc
