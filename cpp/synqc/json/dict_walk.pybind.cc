#include "synqc/json/dict_walk.pybind.h"

#include <string>

#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

namespace synqc {

bool dict_layout_is_known = false;

namespace {

/// A dict of `size` members, of which every third is taken out again; null with an exception set.
PyObject* dict_with_gaps(long size, bool of_texts) {
    PyObject* const dict = PyDict_New();
    for (long k = 0; dict != nullptr && k < 2 * size; ++k) {
        const bool is_added = k < size;
        const long number = is_added ? k : k - size;
        const Owned name(of_texts ? PyUnicode_FromFormat("%ld", number) : PyLong_FromLong(number));
        const bool done = name && (is_added          ? PyDict_SetItem(dict, name.get(), name.get()) == 0
                                   : number % 3 == 1 ? PyDict_DelItem(dict, name.get()) == 0
                                                     : true);
        if (!done) {
            Py_DECREF(dict);
            return nullptr;
        }
    }
    return dict;
}

bool walks_as_python_does(PyObject* dict) {
    DictWalk walk(dict);
    PyObject* name = nullptr;
    PyObject* item = nullptr;
    PyObject* expected_name = nullptr;
    PyObject* expected_item = nullptr;
    Py_ssize_t place = 0;
    while (PyDict_Next(dict, &place, &expected_name, &expected_item) != 0) {
        if (!walk.next(name, item) || name != expected_name || item != expected_item) {
            return false;
        }
    }
    return !walk.next(name, item);
}

}  // namespace

void hold_dict_layout_against_python() {
    dict_layout_is_known = true;
    bool agrees = true;
    // Tables of one and of two bytes for each index.
    for (const long size : {0L, 1L, 5L, 300L}) {
        for (const bool of_texts : {true, false}) {
            const Owned dict(dict_with_gaps(size, of_texts));
            agrees = agrees && dict && walks_as_python_does(dict.get());
        }
    }
    dict_layout_is_known = agrees;
    pass_over_exception();
}

}  // namespace synqc
