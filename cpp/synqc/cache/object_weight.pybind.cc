#include "synqc/cache/object_weight.pybind.h"

#include <algorithm>
#include <string_view>

#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

namespace synqc {

namespace {

constexpr int deepest = 8;
constexpr int most_objects = 10'000;
constexpr std::uint64_t collector_header = 16;

/// By __sizeof__, which for an array leaves out what it only views.
std::uint64_t own_size(PyObject* object) {
    const Owned answer(PyObject_CallMethod(object, "__sizeof__", nullptr));
    const Py_ssize_t size = answer ? PyLong_AsSsize_t(answer.get()) : -1;
    if (size < 0) {
        pass_over_exception();
        return static_cast<std::uint64_t>(Py_TYPE(object)->tp_basicsize);
    }
    return static_cast<std::uint64_t>(size);
}

std::uint64_t array_size(PyObject* object) {
    const Owned answer(PyObject_GetAttrString(object, "nbytes"));
    const Py_ssize_t shown = answer ? PyLong_AsSsize_t(answer.get()) : -1;
    pass_over_exception();
    return std::max(own_size(object), static_cast<std::uint64_t>(std::max<Py_ssize_t>(shown, 0)));
}

class Scale {
  public:
    std::uint64_t weigh(PyObject* object, int depth) {
        if (--left_ < 0) {
            return 0;
        }
        PyTypeObject* type = Py_TYPE(object);
        if (type == &PyUnicode_Type) {
            return size_of_text(object);
        }
        if (type == &PyLong_Type) {
            return object_weight::of_int(object);
        }
        if (type == &PyBytes_Type) {
            return static_cast<std::uint64_t>(type->tp_basicsize + PyBytes_GET_SIZE(object));
        }
        if (type == &PyFloat_Type || object == Py_None || type == &PyBool_Type) {
            return static_cast<std::uint64_t>(type->tp_basicsize);
        }
        if (std::string_view(type->tp_name) == "numpy.ndarray") {
            return array_size(object);
        }
        std::uint64_t bytes = own_size(object) + (PyType_IS_GC(type) ? collector_header : 0);
        if (depth < deepest) {
            bytes += contents(object, depth + 1);
        }
        return bytes;
    }

  private:
    static std::uint64_t size_of_text(PyObject* object) {
        if (!PyUnicode_IS_READY(object)) {
            return own_size(object);
        }
        const std::uint64_t head =
            PyUnicode_IS_COMPACT_ASCII(object) ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
        return head + (static_cast<std::uint64_t>(PyUnicode_GET_LENGTH(object)) + 1) * PyUnicode_KIND(object);
    }

    std::uint64_t contents(PyObject* object, int depth) {
        std::uint64_t bytes = 0;
        if (PyTuple_CheckExact(object) || PyList_CheckExact(object)) {
            for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object) && left_ > 0; ++i) {
                bytes += weigh_held(PySequence_Fast_GET_ITEM(object, i), depth);
            }
        } else if (PyDict_CheckExact(object)) {
            PyObject* key = nullptr;
            PyObject* value = nullptr;
            const Py_ssize_t size = PyDict_GET_SIZE(object);
            for (Py_ssize_t at = 0;
                 left_ > 0 && PyDict_GET_SIZE(object) == size && PyDict_Next(object, &at, &key, &value);) {
                const Kept kept(value);
                bytes += weigh_held(key, depth);
                bytes += weigh(value, depth);
            }
        } else if (PyAnySet_CheckExact(object)) {
            const Owned walk(PyObject_GetIter(object));
            while (left_ > 0 && walk) {
                const Owned item(PyIter_Next(walk.get()));
                if (!item) {
                    break;
                }
                bytes += weigh(item.get(), depth);
            }
            pass_over_exception();  // a set that changed meanwhile
        }
        return bytes;
    }

    /// `__sizeof__` may run foreign code, which may let go of what the container held.
    std::uint64_t weigh_held(PyObject* object, int depth) {
        const Kept kept(object);
        return weigh(object, depth);
    }

    int left_ = most_objects;
};

}  // namespace

std::uint64_t object_weight::of_any(PyObject* object) {
    return Scale().weigh(object, 0);
}

}  // namespace synqc
