#pragma once

#include <Python.h>

/// The one way to let go of the interpreter's lock (the GIL) and to take it back.
///
/// CPython before 3.14 ends a daemon thread that asks for the GIL while the interpreter goes: by a forced unwind, which
/// runs destructors that drop references without the GIL and aborts the process at the first noexcept function. Here
/// such a thread is parked instead, as 3.14 does: it sleeps until the process is gone. Where Python code called from
/// the core asks for the GIL, the unwind is stopped at the core's first frame (forced_unwind.cc).
namespace synqc {

/// Sleeps until the process has ended.
[[noreturn]] void park_thread() noexcept;

/// Whether the interpreter is being taken down.
bool interpreter_goes() noexcept;

/// Lets other threads run Python until the end of the scope. The thread must hold the GIL.
class WithoutGil {
  public:
    WithoutGil() noexcept;
    ~WithoutGil();
    WithoutGil(const WithoutGil&) = delete;
    WithoutGil& operator=(const WithoutGil&) = delete;

  private:
    PyThreadState* outer_;  // of a WithoutGil further out on this thread
};

/// Holds the GIL until the end of the scope, on a thread that holds it already or has let go of it by WithoutGil.
class WithGil {
  public:
    WithGil() noexcept;
    ~WithGil();
    WithGil(const WithGil&) = delete;
    WithGil& operator=(const WithGil&) = delete;

  private:
    PyThreadState* taken_;  // null: it was held already
};

}  // namespace synqc
