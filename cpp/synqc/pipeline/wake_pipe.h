#pragma once

namespace synqc::pipeline {

/// Wakes an event loop from any thread without touching it: the loop reads `reader()`.
class WakePipe {
  public:
    /// Throws Error if the process has no file descriptors left.
    WakePipe();
    ~WakePipe();
    WakePipe(const WakePipe&) = delete;
    WakePipe& operator=(const WakePipe&) = delete;

    int reader() const { return ends_[0]; }
    void wake() const;
    /// Forget all wakes so far.
    void clear() const;

  private:
    int ends_[2];
};

}  // namespace synqc::pipeline
