#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <exception>

#include "synqc/parallel/run_control.h"

namespace synqc {

/// Lets a long computation hear Ctrl-C and another thread's stop flag, and tell its progress, while the GIL is
/// released.
///
/// Lives on the thread that called; takes the GIL only inside RunControl::tick, every 10 ms or so.
class SignalWatch {
  public:
    /// `progress`: called as progress(done, total) at most every 100 ms, or None. `stop`: polled too, may be null.
    SignalWatch(RunControl& control, pybind11::object progress, const std::atomic<bool>* stop = nullptr);

    /// True after Ctrl-C: the computation was asked to stop and the KeyboardInterrupt is spent.
    bool interrupted() const { return interrupted_; }
    /// An exception of `progress` or of another signal's handler stops the computation and is raised here, with the GIL
    /// held.
    void rethrow_error();

  private:
    void tick();
    void hear_and_tell();

    RunControl& control_;
    pybind11::object progress_;
    const std::atomic<bool>* stop_;
    std::exception_ptr error_;
    std::int64_t last_progress_ms_ = 0;
    bool interrupted_ = false;
};

}  // namespace synqc
