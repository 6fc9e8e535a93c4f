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

void Departures::reserve(std::size_t count) {
    const std::size_t needed = more_.size() + count;
    if (needed > more_.capacity()) {
        more_.reserve(std::max(needed, 2 * more_.capacity()));
    }
}

void Departures::add(const ObjectStore::Entry& entry, RemovalCause cause) {
    const Departure departure{entry.key, entry.value, cause};
    if (count_ < few_.size()) {
        few_[count_] = departure;
    } else {
        more_.push_back(departure);
    }
    ++count_;
}

void Departures::let_go(PyObject* listener) {
    if (listener == nullptr && PyErr_Occurred() == nullptr) {
        give_back();
        return;
    }
    // What is in flight must survive whatever the listener, or a finaliser, does.
    PyObject* kind = nullptr;
    PyObject* error = nullptr;
    PyObject* trace = nullptr;
    PyErr_Fetch(&kind, &error, &trace);
    if (listener != nullptr) {
        tell(listener);
    }
    give_back();
    PyErr_Restore(kind, error, trace);
}

void Departures::tell(PyObject* listener) const {
    Py_INCREF(listener);
    for (std::size_t i = 0; i < count_; ++i) {
        const Departure& departure = at(i);
        PyObject* answer =
            PyObject_CallFunction(listener, "OOs", departure.key, departure.value, words_for(departure.cause));
        if (answer == nullptr) {
            PyErr_WriteUnraisable(listener);
        }
        Py_XDECREF(answer);
    }
    Py_DECREF(listener);
}

void Departures::give_back() const {
    for (std::size_t i = 0; i < count_; ++i) {
        Py_DECREF(at(i).key);
        Py_DECREF(at(i).value);
    }
}

}  // namespace synqc
