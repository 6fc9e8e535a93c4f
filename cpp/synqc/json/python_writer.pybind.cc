#include "synqc/json/python_writer.pybind.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "synqc/json/array_text.pybind.h"
#include "synqc/json/dict_walk.pybind.h"
#include "synqc/json/ecmascript_number.h"
#include "synqc/json/escape.h"
#include "synqc/json/integer_text.h"
#include "synqc/json/output.pybind.h"
#include "synqc/json/plain_form.pybind.h"
#include "synqc/json/python_errors.pybind.h"
#include "synqc/json/python_text.pybind.h"
#include "synqc/json/reader.h"
#include "synqc/json/shortest_number.h"
#include "synqc/json/utf16_order.pybind.h"
#include "synqc/json/writing_refusal.pybind.h"
#include "synqc/py/kept.h"
#include "synqc/py/stack_room.h"

namespace synqc {

namespace {

/// Writes objects as JSON. `Compact` is the form of dumps without options; its questions are answered when compiling.
///
/// Every function writes at `to` and returns the end of what it wrote, or null; there is always slack behind it. On the
/// way out of a refusal each container adds its step to the path.
template <bool Compact>
class ObjectWriter {
  public:
    explicit ObjectWriter(const TextForm& form) : form_(form) {}

    PyObject* document(PyObject* object) {
        char* to = output_.begin();
        if (to != nullptr && (to = value(object, to)) != nullptr) {
            return output_.take(to);
        }
        refusal_.raise();
        return nullptr;
    }

  private:
    static char* put(std::string_view letters, char* to) {
        std::memcpy(to, letters.data(), letters.size());
        return to + letters.size();
    }

    char* value(PyObject* object, char* to) {
        PyTypeObject* const type = Py_TYPE(object);
        if (type == &PyUnicode_Type) {
            return text(object, to);
        }
        if (type == &PyLong_Type) {
            return integer(object, to);
        }
        if (type == &PyFloat_Type) {
            return real(PyFloat_AS_DOUBLE(object), to);
        }
        if (type == &PyDict_Type) {
            return held<&ObjectWriter::dict>(object, to);
        }
        if (type == &PyList_Type) {
            return held<&ObjectWriter::list>(object, to);
        }
        if (is_word(object)) {
            return word(object, to);
        }
        if (type == &PyTuple_Type) {
            return held<&ObjectWriter::tuple>(object, to);
        }
        return held<&ObjectWriter::other>(object, to);
    }

    static bool is_word(PyObject* object) { return object == Py_None || Py_TYPE(object) == &PyBool_Type; }

    char* word(PyObject* object, char* to) {
        return output_.room(object == Py_None   ? put("null", to)
                            : object == Py_True ? put("true", to)
                                                : put("false", to),
                            0);
    }

    /// Brackets around nothing.
    char* empty(std::string_view brackets, char* to) { return output_.room(put(brackets, to), 0); }

    /// While what may hold or call something of the user's is written, its container may let go of it.
    template <char* (ObjectWriter::*write)(PyObject*, char*)>
    char* held(PyObject* object, char* to) {
        const Kept kept(object);
        return (this->*write)(object, to);
    }

    char* text(PyObject* object, char* to) {
        if (!Compact && form_.as_standard) {
            return write_ascii_text(object, output_, to);
        }
        if (!Compact && form_.rfc8785 && has_lone_surrogate(object)) {
            return PyErr_Occurred() == nullptr ? refusal_.refuse("have no lone surrogates in its texts", "has one")
                                               : nullptr;
        }
        return write_text(object, output_, to);
    }

    char* integer(PyObject* object, char* to) {
        if (!Compact && form_.rfc8785) {
            return number_of_ecmascript(object, to);
        }
#if PY_VERSION_HEX < 0x030C0000
        // One digit holds 30 bits, which is what most numbers have.
        const Py_ssize_t digits = Py_SIZE(object);
        if (digits == 1 || digits == 0) [[likely]] {
            const auto size = digits == 0 ? 0 : reinterpret_cast<PyLongObject*>(object)->ob_digit[0];
            return output_.room(write_integer(std::uint64_t{size}, to), 0);
        }
#endif
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (overflow != 0) [[unlikely]] {
            return long_integer(object, to);
        }
        return output_.room(write_integer(static_cast<std::int64_t>(number), to), 0);
    }

    char* long_integer(PyObject* object, char* to) {
        const Owned digits(PyLong_Type.tp_repr(object));
        return digits ? write_plain_ascii(digits.get(), output_, to) : nullptr;
    }

    char* real(double number, char* to) {
        if (!std::isfinite(number)) [[unlikely]] {
            return not_finite(number, to);
        }
        if (!Compact && form_.rfc8785) {
            return output_.room(write_ecmascript_number(number, to), 0);
        }
        return output_.room(write_shortest(number, to), 0);
    }

    /// An integer as the double it is.
    char* number_of_ecmascript(PyObject* object, char* to) {
        const double number = PyLong_AsDouble(object);  // -1 where it is too large
        if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_OverflowError) == 0) {
            return nullptr;
        }
        PyErr_Clear();
        const Owned back(PyLong_FromDouble(number));
        // As int compares, whatever a subclass may say.
        const Owned same(back ? PyLong_Type.tp_richcompare(back.get(), object, Py_EQ) : nullptr);
        if (!same) {
            return nullptr;
        }
        return same.get() == Py_True
                   ? real(number, to)
                   : refusal_.refuse("have only integers that a double holds exactly", "has one that it rounds");
    }

    char* not_finite(double number, char* to) {
        if (!Compact && form_.as_standard) {
            return output_.put(to, std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
        }
        return refusal_.refuse("be finite everywhere", std::isnan(number) ? "is nan"
                                                       : number > 0       ? "is inf"
                                                                          : "is -inf");
    }

    char* list(PyObject* object, char* to) {
        if (PyList_GET_SIZE(object) == 0) {
            return empty("[]", to);
        }
        to = open('[', to);
        // A function of the user's may shorten the list meanwhile.
        for (Py_ssize_t index = 0; to != nullptr && index < PyList_GET_SIZE(object); ++index) {
            to = list_item(PyList_GET_ITEM(object, index), index, to);
        }
        return close(']', to);
    }

    char* tuple(PyObject* object, char* to) {
        const Py_ssize_t size = PyTuple_GET_SIZE(object);
        if (size == 0) {
            return empty("[]", to);
        }
        to = open('[', to);
        for (Py_ssize_t index = 0; to != nullptr && index < size; ++index) {
            to = list_item(PyTuple_GET_ITEM(object, index), index, to);
        }
        return close(']', to);
    }

    char* list_item(PyObject* item, Py_ssize_t index, char* to) {
        to = separate(index == 0, to);
        if (to == nullptr) [[unlikely]] {
            return nullptr;
        }
        // Long lists are lists of numbers: those are spared the call.
        to = PyFloat_CheckExact(item) ? real(PyFloat_AS_DOUBLE(item), to) : value(item, to);
        return to != nullptr ? end_item(to) : refusal_.leave_item(index);
    }

    char* dict(PyObject* object, char* to) {
        const Py_ssize_t size = PyDict_GET_SIZE(object);
        if (size == 0) {
            return empty("{}", to);
        }
        if ((!Compact && form_.sorted) || !PyDict_CheckExact(object)) {
            return listed_members(object, to);
        }
        to = open('{', to);
        PyObject* name = nullptr;
        PyObject* item = nullptr;
        DictWalk walk(object);
        for (Py_ssize_t written = 0; to != nullptr && written < size && walk.next(name, item); ++written) {
            if (Compact && is_plain(name, item)) [[likely]] {
                to = plain_member(name, item, to);
                continue;
            }
            to = member(name, item, written == 0, to);
            if (PyDict_GET_SIZE(object) != size && to != nullptr) [[unlikely]] {
                PyErr_SetString(PyExc_RuntimeError, "dictionary changed size during iteration");
                return nullptr;
            }
        }
        return close('}', to);
    }

    /// Members of a subclass, in the order it says, and sorted ones: object.items(), as in the standard library.
    char* listed_members(PyObject* object, char* to) {
        const Owned members(PyMapping_Items(object));
        if (!members || !are_pairs(members.get())) {
            return nullptr;
        }
        return Compact || !form_.sorted || sort(members.get()) ? members_of(members.get(), to) : nullptr;
    }

    /// What a class of the user's says its items are.
    bool are_pairs(PyObject* members) {
        for (Py_ssize_t index = 0; index < PyList_GET_SIZE(members); ++index) {
            PyObject* const pair = PyList_GET_ITEM(members, index);
            if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
                refusal_.refuse("have pairs as items", "has " + repr_of(pair));
                return false;
            }
        }
        return true;
    }

    bool sort(PyObject* members) {
        if (form_.text_keys) {
            for (Py_ssize_t index = 0; index < PyList_GET_SIZE(members); ++index) {
                PyObject* const name = PyTuple_GET_ITEM(PyList_GET_ITEM(members, index), 0);
                if (!PyUnicode_Check(name)) {
                    refusal_.refuse("have only str as keys", "has the key " + repr_of(name));
                    return false;
                }
            }
        }
        if (form_.rfc8785) {
            return sort_by_utf16(members);
        }
        if (PyList_Sort(members) == 0) {
            return true;
        }
        if (!form_.as_standard && PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Clear();
            refusal_.refuse("have keys that can be sorted", "has keys of several types");
        }
        return false;
    }

    bool sort_by_utf16(PyObject* members) {
        PyObject* const repeated = sort_members_by_utf16(members);
        if (repeated != nullptr) {
            refusal_.refuse("have each key once", "has several " + repr_of(repeated));
        }
        return repeated == nullptr && PyErr_Occurred() == nullptr;
    }

    char* members_of(PyObject* members, char* to) {
        const Py_ssize_t size = PyList_GET_SIZE(members);
        if (size == 0) {
            return empty("{}", to);
        }
        to = open('{', to);
        for (Py_ssize_t index = 0; to != nullptr && index < PyList_GET_SIZE(members); ++index) {
            PyObject* const pair = PyList_GET_ITEM(members, index);
            const Kept kept(pair);
            to = member(PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1), index == 0, to);
        }
        return close('}', to);
    }

    /// Whether a member is written without a call of the user's code: everything else, and a refusal of a text, may
    /// take it away.
    bool is_plain(PyObject* name, PyObject* item) const {
        return PyUnicode_CheckExact(name) && (Compact || !form_.rfc8785) &&
               (PyUnicode_CheckExact(item) || PyLong_CheckExact(item) || is_word(item));
    }

    char* member(PyObject* name, PyObject* item, bool first, char* to) {
        to = separate(first, to);
        if (to == nullptr) {
            return nullptr;
        }
        if (is_plain(name, item)) [[likely]] {
            return plain_member(name, item, to);
        }
        const Kept kept_name(name);
        const Kept kept_item(item);
        to = PyUnicode_CheckExact(name) ? text(name, to) : key(name, to);
        if (to == nullptr) [[unlikely]] {
            return nullptr;
        }
        to = kept_value(item, colon(to));
        return to != nullptr ? end_item(to) : refusal_.leave_member(name);
    }

    /// What somebody keeps already.
    char* kept_value(PyObject* object, char* to) {
        if (PyDict_CheckExact(object)) {
            return dict(object, to);
        }
        return PyList_CheckExact(object) ? list(object, to) : value(object, to);
    }

    char* plain_member(PyObject* name, PyObject* item, char* to) {
        to = text(name, to);
        if (to == nullptr) [[unlikely]] {
            return nullptr;
        }
        to = colon(to);
        to = PyUnicode_CheckExact(item) ? text(item, to) : PyLong_CheckExact(item) ? integer(item, to) : word(item, to);
        return to != nullptr ? end_item(to) : nullptr;
    }

    char* colon(char* to) {
        *to++ = ':';
        if (!Compact && (form_.indent >= 0 || form_.as_standard)) {
            *to++ = ' ';
        }
        return to;
    }

    /// A key that is not exactly a str, as the standard library writes it.
    char* key(PyObject* name, char* to) {
        if (PyUnicode_Check(name)) {
            return text(name, to);
        }
        if (form_.text_keys) {
            return refusal_.refuse("have only str as keys", "has the key " + repr_of(name));
        }
        if (is_scalar_of_numpy(name) && !PyFloat_Check(name)) {
            const Owned plain(plain_form_of(name));
            if (plain && (PyLong_Check(plain.get()) || PyFloat_Check(plain.get()))) {
                return key(plain.get(), to);
            }
            if (PyErr_Occurred() != nullptr) {
                return nullptr;
            }
        }
        if (name != Py_None && !PyLong_Check(name) && !PyFloat_Check(name)) {
            return refusal_.refuse("have only str, int, float, bool and None as keys", "has the key " + repr_of(name));
        }
        *to++ = '"';
        if (PyFloat_Check(name)) {
            to = real(PyFloat_AS_DOUBLE(name), to);
        } else {
            to = PyLong_Check(name) && !PyBool_Check(name) ? integer(name, to) : value(name, to);
        }
        return to != nullptr ? output_.put(to, "\"") : nullptr;
    }

    /// What is not exactly one of Python's own types that JSON has a form for.
    [[gnu::noinline]] char* other(PyObject* object, char* to) {
        if (!Compact && form_.as_standard) {
            return is_extended(object) ? extended(object, to) : refusal_.refuse_type(object);
        }
        if (is_array_of_numpy(object) && !is_masked_array(object) &&
            (Compact || (form_.indent < 0 && !form_.rfc8785))) {
            std::string path;
            double number = 0;
            const ArrayOutcome outcome = write_array(object, output_, to, path, number);
            if (outcome == ArrayOutcome::not_finite) {
                refusal_.leave_array(path);
                return not_finite(number, to);
            }
            if (outcome != ArrayOutcome::not_of_this_kind) {
                return to;
            }
        }
        check_stack(" while writing JSON");
        PyObject* plain = plain_form_of(object);
        if (plain == nullptr && PyErr_Occurred() == nullptr) {
            if (is_extended(object)) {
                return extended(object, to);
            }
            if (form_.fallback == nullptr) {
                return refusal_.refuse_type(object);
            }
            plain = PyObject_CallOneArg(form_.fallback, object);
        }
        const Owned kept(plain);
        return plain != nullptr ? replaced(plain, to) : nullptr;
    }

    static bool is_extended(PyObject* object) {
        constexpr unsigned long ours = Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS |
                                       Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS;
        return PyType_HasFeature(Py_TYPE(object), ours) || PyFloat_Check(object);
    }

    /// Instances of a subclass are written as the type it extends.
    char* extended(PyObject* object, char* to) {
        if (PyUnicode_Check(object)) {
            return text(object, to);
        }
        if (PyLong_Check(object)) {
            return integer(object, to);
        }
        if (PyFloat_Check(object)) {
            return real(PyFloat_AS_DOUBLE(object), to);
        }
        if (PyDict_Check(object)) {
            return dict(object, to);
        }
        return PyList_Check(object) ? list(object, to) : tuple(object, to);
    }

    /// Writes what stands for an object.
    char* replaced(PyObject* plain, char* to) {
        ++stand_ins_;
        to = enter() ? value(plain, to) : nullptr;
        --level_;
        --stand_ins_;
        return to;
    }

    bool enter() {
        // Asked once for each of these steps down the stack.
        constexpr std::uintptr_t step = 2048;
        const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        if (here < deepest_) [[unlikely]] {
            check_stack(" while writing JSON");
            deepest_ = here - step;
        }
        ++level_;
        return level_ <= most_levels || refusal_.refuse_depth() != nullptr;
    }

    char* open(char bracket, char* to) {
        to = enter() ? output_.room(to, 1) : nullptr;
        if (to != nullptr) [[likely]] {
            *to++ = bracket;
        }
        return to;
    }

    /// Passes a failure on.
    char* close(char bracket, char* to) {
        if (to == nullptr) [[unlikely]] {
            return nullptr;
        }
        --level_;
        if (Compact) {
            to[-1] = bracket;  // in place of the comma behind the last item
            return output_.room(to, 0);
        }
        to = new_line(to);
        if (to != nullptr) {
            *to++ = bracket;
        }
        return to;
    }

    char* separate(bool first, char* to) {
        if (Compact) {
            return to;
        }
        if (!first) {
            *to++ = ',';
            if (form_.as_standard) {
                *to++ = ' ';
            }
        }
        return new_line(to);
    }

    char* end_item(char* to) {
        if (Compact) {
            *to++ = ',';
        }
        return to;
    }

    char* new_line(char* to) {
        if (form_.indent < 0) {
            return output_.room(to, 1);
        }
        const std::size_t blanks = (level_ - stand_ins_) * static_cast<std::size_t>(form_.indent);
        to = output_.room(to, blanks + 2);
        if (to == nullptr) {
            return nullptr;
        }
        *to = '\n';
        std::memset(to + 1, ' ', blanks);
        return to + 1 + blanks;
    }

    const TextForm& form_;
    Output output_;
    std::uintptr_t deepest_ = std::numeric_limits<std::uintptr_t>::max();  // stack that is there for certain
    std::size_t level_ = 0;
    std::size_t stand_ins_ = 0;  // of these levels, objects written in place of others
    WritingRefusal refusal_;
};

}  // namespace

PyObject* write_object(PyObject* object, const TextForm& form) {
    if (form.indent < 0 && !form.sorted && !form.as_standard && !form.rfc8785) {
        return ObjectWriter<true>(form).document(object);
    }
    return ObjectWriter<false>(form).document(object);
}

}  // namespace synqc
