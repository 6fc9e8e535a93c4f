#include "synqc/cache/object_cache.pybind.h"

#include <algorithm>

namespace synqc {

namespace {

const char* words_for(RemovalCause cause) {
    switch (cause) {
        case RemovalCause::expired:
            return "expired";
        case RemovalCause::explicit_:
            return "explicit";
        case RemovalCause::replaced:
            return "replaced";
        case RemovalCause::size:
            return "size";
    }
    return "";
}

}  // namespace

void RemovedEntries::reserve(std::size_t count) {
    const std::size_t needed = more_.size() + count;
    if (needed > more_.capacity()) {
        more_.reserve(std::max(needed, 2 * more_.capacity()));
    }
}

void RemovedEntries::notify_and_release(PyObject* listener) const {
    // What is in flight must survive whatever the listener, or a finaliser, does.
    PyObject* kind = nullptr;
    PyObject* error = nullptr;
    PyObject* trace = nullptr;
    PyErr_Fetch(&kind, &error, &trace);
    if (listener != nullptr) {
        notify(listener);
    }
    release();
    PyErr_Restore(kind, error, trace);
}

void RemovedEntries::notify(PyObject* listener) const {
    Py_INCREF(listener);
    for (std::size_t i = 0; i < count_; ++i) {
        const RemovedEntry& removed = at(i);
        PyObject* answer = PyObject_CallFunction(listener, "OOs", removed.key, removed.value, words_for(removed.cause));
        if (answer == nullptr) {
            PyErr_WriteUnraisable(listener);
        }
        Py_XDECREF(answer);
    }
    Py_DECREF(listener);
}

}  // namespace synqc
