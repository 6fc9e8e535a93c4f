#include "synqc/cache/object_cache.pybind.h"

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
    // What is in flight must survive whatever the listener, or a finaliser, does.
    PyObject* kind = nullptr;
    PyObject* error = nullptr;
    PyObject* trace = nullptr;
    PyErr_Fetch(&kind, &error, &trace);
    Py_XINCREF(listener);
    for (std::size_t i = 0; i < count_; ++i) {
        const Departure departure = i < few_.size() ? few_[i] : more_[i - few_.size()];
        if (listener != nullptr) {
            PyObject* answer =
                PyObject_CallFunction(listener, "OOs", departure.key, departure.value, words_for(departure.cause));
            if (answer == nullptr) {
                PyErr_WriteUnraisable(listener);
            }
            Py_XDECREF(answer);
        }
        Py_DECREF(departure.key);
        Py_DECREF(departure.value);
    }
    Py_XDECREF(listener);
    PyErr_Restore(kind, error, trace);
}

}  // namespace synqc
