#include "synqc/json/python_writer.pybind.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "synqc/json/array_text.pybind.h"
#include "synqc/json/escape.h"
#include "synqc/json/integer_text.h"
#include "synqc/json/output.pybind.h"
#include "synqc/json/plain_form.pybind.h"
#include "synqc/json/python_errors.pybind.h"
#include "synqc/json/python_text.pybind.h"
#include "synqc/json/reader.h"
#include "synqc/json/shortest_number.h"

namespace synqc {

namespace {

/// Writes objects as JSON. `Compact` is the form of dumps without options; its questions are answered when compiling.
///
/// Every function returns whether to go on. On the way out of a refusal each container adds its step to the path.
template <bool Compact>
class ObjectWriter {
  public:
    explicit ObjectWriter(const TextForm& form) : form_(form) {}

    PyObject* document(PyObject* object) {
        if (value(object)) {
            return output_.take();
        }
        if (!refusal_.empty() && PyErr_Occurred() == nullptr) {
            refuse_input(refusal_ + " (at " + shown_path() + ").");
        }
        return nullptr;
    }

  private:
    bool value(PyObject* object) {
        PyTypeObject* const type = Py_TYPE(object);
        if (type == &PyUnicode_Type) {
            return text(object);
        }
        if (type == &PyLong_Type) {
            return integer(object);
        }
        if (type == &PyDict_Type) {
            return dict(object);
        }
        if (type == &PyFloat_Type) {
            return real(PyFloat_AS_DOUBLE(object));
        }
        if (type == &PyList_Type) {
            return list(object);
        }
        if (object == Py_None) {
            return output_.put("null");
        }
        if (type == &PyBool_Type) {
            return output_.put(object == Py_True ? std::string_view("true") : std::string_view("false"));
        }
        if (type == &PyTuple_Type) {
            return tuple(object);
        }
        return other(object);
    }

    bool text(PyObject* object) {
        if (!Compact && form_.as_standard) {
            return write_ascii_text(object, output_);
        }
        return write_text(object, output_);
    }

    bool integer(PyObject* object) {
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (overflow != 0) [[unlikely]] {
            return long_integer(object);
        }
        char* to = output_.room(integer_text_room);
        if (to == nullptr) {
            return false;
        }
        output_.advance_to(write_integer(static_cast<std::int64_t>(number), to));
        return true;
    }

    bool long_integer(PyObject* object) {
        PyObject* digits = PyLong_Type.tp_repr(object);
        const bool written = digits != nullptr && write_plain_ascii(digits, output_);
        Py_XDECREF(digits);
        return written;
    }

    bool real(double number) {
        if (!std::isfinite(number)) [[unlikely]] {
            return not_finite(number);
        }
        char* to = output_.room(shortest_number_room);
        if (to == nullptr) {
            return false;
        }
        output_.advance_to(write_shortest(number, to));
        return true;
    }

    bool not_finite(double number) {
        if (!Compact && form_.as_standard) {
            return output_.put(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
        }
        return refuse("be finite everywhere", std::isnan(number) ? "is nan" : number > 0 ? "is inf" : "is -inf");
    }

    bool list(PyObject* object) {
        if (PyList_GET_SIZE(object) == 0) {
            return output_.put("[]");
        }
        if (!enter() || !output_.put('[')) {
            return false;
        }
        // A function of the user's may shorten the list meanwhile.
        for (Py_ssize_t index = 0; index < PyList_GET_SIZE(object); ++index) {
            PyObject* const item = Py_NewRef(PyList_GET_ITEM(object, index));
            const bool written = separate(index == 0) && value(item) && end_item();
            Py_DECREF(item);
            if (!written) {
                return failed_at(index);
            }
        }
        return close(']');
    }

    bool tuple(PyObject* object) {
        const Py_ssize_t size = PyTuple_GET_SIZE(object);
        if (size == 0) {
            return output_.put("[]");
        }
        if (!enter() || !output_.put('[')) {
            return false;
        }
        for (Py_ssize_t index = 0; index < size; ++index) {
            if (!(separate(index == 0) && value(PyTuple_GET_ITEM(object, index)) && end_item())) {
                return failed_at(index);
            }
        }
        return close(']');
    }

    bool dict(PyObject* object) {
        const Py_ssize_t size = PyDict_GET_SIZE(object);
        if (!Compact && form_.as_standard && !PyDict_CheckExact(object)) {
            return sorted_members(object);
        }
        if (size == 0) {
            return output_.put("{}");
        }
        if (!Compact && form_.sorted) {
            return sorted_members(object);
        }
        if (!enter() || !output_.put('{')) {
            return false;
        }
        PyObject* name = nullptr;
        PyObject* item = nullptr;
        Py_ssize_t place = 0;
        bool first = true;
        while (PyDict_Next(object, &place, &name, &item) != 0) {
            Py_INCREF(name);
            Py_INCREF(item);
            const bool written = member(name, item, first);
            Py_DECREF(item);
            Py_DECREF(name);
            if (!written) {
                return false;
            }
            if (PyDict_GET_SIZE(object) != size) [[unlikely]] {
                PyErr_SetString(PyExc_RuntimeError, "dictionary changed size during iteration");
                return false;
            }
            first = false;
        }
        return close('}');
    }

    /// Members in the order of sorted(object.items()), as the standard library has them.
    bool sorted_members(PyObject* object) {
        PyObject* members = PyMapping_Items(object);
        if (members == nullptr) {
            return false;
        }
        const bool written = sort(members) && members_of(members);
        Py_DECREF(members);
        return written;
    }

    bool sort(PyObject* members) {
        if (form_.text_keys) {
            for (Py_ssize_t index = 0; index < PyList_GET_SIZE(members); ++index) {
                PyObject* const name = PyTuple_GET_ITEM(PyList_GET_ITEM(members, index), 0);
                if (!PyUnicode_Check(name)) {
                    return refuse("have only str as keys", "has the key " + repr_of(name));
                }
            }
        }
        if (PyList_Sort(members) == 0) {
            return true;
        }
        if (!form_.as_standard && PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Clear();
            return refuse("have keys that can be sorted", "has keys of several types");
        }
        return false;
    }

    bool members_of(PyObject* members) {
        const Py_ssize_t size = PyList_GET_SIZE(members);
        if (size == 0) {
            return output_.put("{}");
        }
        if (!enter() || !output_.put('{')) {
            return false;
        }
        for (Py_ssize_t index = 0; index < size; ++index) {
            PyObject* const pair = PyList_GET_ITEM(members, index);
            if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
                return refuse("have pairs as items", "has " + repr_of(pair));
            }
            if (!member(PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1), index == 0)) {
                return false;
            }
        }
        return close('}');
    }

    bool member(PyObject* name, PyObject* item, bool first) {
        if (!separate(first)) {
            return false;
        }
        if (PyUnicode_CheckExact(name) ? !text(name) : !key(name)) {
            return false;
        }
        if (!output_.put(Compact || (form_.indent < 0 && !form_.as_standard) ? std::string_view(":")
                                                                              : std::string_view(": "))) {
            return false;
        }
        return (value(item) && end_item()) || failed_at(name);
    }

    /// A key that is not exactly a str, as the standard library writes it.
    bool key(PyObject* name) {
        if (PyUnicode_Check(name)) {
            return text(name);
        }
        if (form_.text_keys) {
            return refuse("have only str as keys", "has the key " + repr_of(name));
        }
        if (name == Py_None || PyBool_Check(name) || PyLong_Check(name) || PyFloat_Check(name)) {
            return output_.put('"') && scalar_key(name) && output_.put('"');
        }
        return refuse("have only str, int, float, bool and None as keys", "has the key " + repr_of(name));
    }

    bool scalar_key(PyObject* name) {
        if (PyFloat_Check(name)) {
            return real(PyFloat_AS_DOUBLE(name));
        }
        return PyLong_Check(name) && !PyBool_Check(name) ? integer(name) : value(name);
    }

    /// What is not exactly one of Python's own types that JSON has a form for.
    [[gnu::noinline]] bool other(PyObject* object) {
        if (!Compact && form_.as_standard) {
            return subclass_instance(object) ||
                   (PyErr_Occurred() == nullptr && refusal_.empty() && refuse_type(object));
        }
        std::string path;
        double number = 0;
        if (is_array_of_numpy(object) && (Compact || form_.indent < 0)) {
            const ArrayOutcome outcome = write_array(object, output_, path, number);
            if (outcome == ArrayOutcome::not_finite) {
                path_ = path;
                return not_finite(number);
            }
            if (outcome != ArrayOutcome::not_of_this_kind) {
                return outcome == ArrayOutcome::written;
            }
        }
        PyObject* plain = nullptr;
        if (!is_subclass_of_ours(object) || (plain = plain_form_of(object)) != nullptr) {
            plain = plain != nullptr ? plain : plain_form_of(object);
        } else if (PyErr_Occurred() == nullptr) {
            return subclass_instance(object);
        }
        if (plain == nullptr && PyErr_Occurred() == nullptr) {
            if (form_.fallback == nullptr) {
                return refuse_type(object);
            }
            plain = PyObject_CallOneArg(form_.fallback, object);
        }
        return plain != nullptr && replaced(plain);
    }

    static bool is_subclass_of_ours(PyObject* object) {
        constexpr unsigned long ours = Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS |
                                       Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS;
        return PyType_HasFeature(Py_TYPE(object), ours) || PyFloat_Check(object);
    }

    /// Instances of subclasses are written as the type they extend; false if there is none.
    bool subclass_instance(PyObject* object) {
        if (PyUnicode_Check(object)) {
            return text(object);
        }
        if (PyLong_Check(object)) {
            return integer(object);
        }
        if (PyFloat_Check(object)) {
            return real(PyFloat_AS_DOUBLE(object));
        }
        if (PyDict_Check(object)) {
            return dict(object);
        }
        if (PyList_Check(object)) {
            return list(object);
        }
        return PyTuple_Check(object) && tuple(object);
    }

    /// Writes what stands for an object; takes the reference.
    bool replaced(PyObject* plain) {
        const bool written = enter() && value(plain);
        Py_DECREF(plain);
        --level_;
        return written;
    }

    bool enter() {
        if (level_ == most_levels) {
            return refuse("be at most " + std::to_string(most_levels) + " levels deep",
                          "is deeper, or holds itself");
        }
        ++level_;
        return true;
    }

    bool close(char bracket) {
        --level_;
        if (Compact) {
            output_.replace_last(bracket);  // the comma behind the last item
            return true;
        }
        return new_line() && output_.put(bracket);
    }

    bool separate(bool first) {
        if (Compact) {
            return true;
        }
        if (!first && !output_.put(form_.as_standard && form_.indent < 0 ? std::string_view(", ")
                                                                         : std::string_view(","))) {
            return false;
        }
        return new_line();
    }

    bool end_item() { return Compact ? output_.put(',') : true; }

    bool new_line() {
        if (form_.indent < 0) {
            return true;
        }
        const std::size_t blanks = level_ * static_cast<std::size_t>(form_.indent);
        char* to = output_.room(blanks + 1);
        if (to == nullptr) {
            return false;
        }
        *to = '\n';
        std::memset(to + 1, ' ', blanks);
        output_.advance_to(to + 1 + blanks);
        return true;
    }

    [[gnu::noinline]] bool refuse(const std::string& must, const std::string& was) {
        refusal_ = "Argument `obj` must " + must + ", but " + was;
        return false;
    }

    bool refuse_type(PyObject* object) {
        return refuse("hold only what JSON has a form for",
                      "holds an object of type " + std::string(Py_TYPE(object)->tp_name));
    }

    [[gnu::noinline]] bool failed_at(Py_ssize_t index) {
        path_.insert(0, std::string("[").append(std::to_string(index)).append("]"));
        return false;
    }

    [[gnu::noinline]] bool failed_at(PyObject* name) {
        if (!refusal_.empty()) {
            path_.insert(0, std::string(".").append(PyUnicode_Check(name) ? text_of_key(name) : repr_of(name)));
        }
        return false;
    }

    std::string shown_path() const {
        constexpr std::size_t most = 200;
        if (path_.size() <= most) {
            return "$" + path_;
        }
        return "$" + path_.substr(0, most / 2) + "..." + path_.substr(path_.size() - most / 2);
    }

    const TextForm& form_;
    Output output_;
    std::size_t level_ = 0;
    std::string refusal_;  // our own sentence, until its path is known
    std::string path_;
};

}  // namespace

PyObject* write_object(PyObject* object, const TextForm& form) {
    if (form.indent < 0 && !form.sorted && !form.as_standard) {
        return ObjectWriter<true>(form).document(object);
    }
    return ObjectWriter<false>(form).document(object);
}

}  // namespace synqc
