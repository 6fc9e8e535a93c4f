#pragma once

#include <pybind11/pybind11.h>

#include "synqc/py/method.h"

namespace synqc {

/// Tells the garbage collector what an object of a pybind11 class holds.
class Visitor {
  public:
    Visitor(visitproc visit, void* argument) : visit_(visit), argument_(argument) {}

    /// Null is passed over. What follows the first answer that is not 0 is no longer asked.
    void operator()(PyObject* held) {
        if (held != nullptr && answer_ == 0) {
            answer_ = visit_(held, argument_);
        }
    }
    void operator()(const pybind11::object& held) { (*this)(held.ptr()); }
    int answer() const { return answer_; }

  private:
    visitproc visit_;
    void* argument_;
    int answer_ = 0;
};

namespace collecting {

template <typename Class>
int traverse(PyObject* self, visitproc visit, void* argument) {
    Visitor visitor(visit, argument);
    visitor(reinterpret_cast<PyObject*>(Py_TYPE(self)));
    if (pybind11::detail::is_holder_constructed(self)) {
        pybind11::cast<const Class&>(pybind11::handle(self)).show_held(visitor);
    }
    return visitor.answer();
}

template <typename Class>
int clear(PyObject* self) {
    if (pybind11::detail::is_holder_constructed(self)) {
        pybind11::cast<Class&>(pybind11::handle(self)).let_go();
    }
    return 0;
}

}  // namespace collecting

/// For py::class_<Class>: cycles through its objects are collected. Class has `void show_held(Visitor&) const`, which
/// names every Python object it holds, and `void let_go()`, which drops them.
template <typename Class>
pybind11::custom_type_setup collected() {
    return pybind11::custom_type_setup([](PyHeapTypeObject* made) {
        PyTypeObject& type = made->ht_type;
        type.tp_flags |= Py_TPFLAGS_HAVE_GC;
        type.tp_traverse = &Guarded<&collecting::traverse<Class>>::call;
        type.tp_clear = &Guarded<&collecting::clear<Class>>::call;
    });
}

}  // namespace synqc
