#include "synqc/json/python_reader.pybind.h"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "synqc/json/key_cache.pybind.h"
#include "synqc/json/numeric_lists.h"
#include "synqc/json/python_errors.pybind.h"
#include "synqc/json/reader.h"
#include "synqc/json/syntax_fault.h"
#include "synqc/json/unicode.h"
#include "synqc/py/arrays.h"
#include "synqc/py/forgiving.h"
#include "synqc/py/gil.h"
#include "synqc/py/kept.h"

namespace py = pybind11;

namespace synqc {

namespace {

KeyCache& key_cache() {
    static auto* cache = new KeyCache();  // outlives the interpreter on purpose: its strings may not be freed after it
    return *cache;
}

// CPython 3.13 keeps these to itself.
#if PY_VERSION_HEX < 0x030D0000
PyObject* new_dict(std::size_t members) {
    return members > 5 ? _PyDict_NewPresized(static_cast<Py_ssize_t>(members)) : PyDict_New();
}

bool insert(PyObject* dict, PyObject* key, PyObject* value) {
    const Py_hash_t hash = reinterpret_cast<PyASCIIObject*>(key)->hash;
    return _PyDict_SetItem_KnownHash(dict, key, value, hash != -1 ? hash : PyObject_Hash(key)) == 0;
}
#else
PyObject* new_dict(std::size_t) {
    return PyDict_New();
}

bool insert(PyObject* dict, PyObject* key, PyObject* value) {
    return PyDict_SetItem(dict, key, value) == 0;
}
#endif

/// str of UTF-8 letters; null with an exception set, or without one if they are no UTF-8.
PyObject* wide_text(const char* begin, const char* end, Surrogates surrogates) {
    TextShape shape;
    if (measure_utf8(begin, end, surrogates, shape) != end) {
        return nullptr;
    }
    PyObject* text = PyUnicode_New(static_cast<Py_ssize_t>(shape.characters), shape.bound);
    if (text == nullptr || shape.characters == 0) {
        return text;
    }
    if (shape.characters == 1 && shape.bound <= 0xff) {
        Py_DECREF(text);  // letters of Latin-1 are shared by the interpreter
        return PyUnicode_FromOrdinal(static_cast<int>(
            static_cast<unsigned char>(*begin) < 0x80 ? *begin : (begin[0] & 0x1f) << 6 | (begin[1] & 0x3f)));
    }
    if (shape.bound <= 0xff) {
        decode_utf8(begin, end, PyUnicode_1BYTE_DATA(text));
    } else if (shape.bound <= 0xffff) {
        decode_utf8(begin, end, PyUnicode_2BYTE_DATA(text));
    } else {
        decode_utf8(begin, end, PyUnicode_4BYTE_DATA(text));
    }
    return text;
}

/// Builds the objects of a document. Values wait on a stack until their container closes and its size is known.
class ObjectBuilder {
  public:
    ObjectBuilder(Surrogates surrogates, bool arrays) : surrogates_(surrogates), arrays_(arrays) {
        waiting_.reserve(256);
    }
    ~ObjectBuilder() {
        for (PyObject* object : waiting_) {
            if (!is_block(object)) {
                Py_DECREF(object);
            }
        }
    }
    ObjectBuilder(const ObjectBuilder&) = delete;
    ObjectBuilder& operator=(const ObjectBuilder&) = delete;

    bool null() { return push(Py_NewRef(Py_None)); }
    bool boolean(bool value) { return push(Py_NewRef(value ? Py_True : Py_False)); }

    bool number(const char* begin, const ScannedNumber& number) {
        switch (number.kind) {
            case ScannedNumber::Kind::integer:
                return push(PyLong_FromLongLong(number.integer));
            case ScannedNumber::Kind::real:
                return push(PyFloat_FromDouble(number.real));
            case ScannedNumber::Kind::unsigned_integer:
                return push(PyLong_FromUnsignedLongLong(number.unsigned_integer));
            default:
                return long_integer(begin, number.end);
        }
    }

    bool text(const ScannedText& text) { return push(text_object(text)); }

    bool key(const ScannedText& text) {
        const Py_ssize_t length = text.end - text.begin;
        if (text.escaped || length == 0 || length > KeyCache::longest) {
            return push(text_object(text));
        }
        if (!text.wide) {
            return push(keys_.key(text.begin, length));
        }
        PyObject* object = keys_.known_of_utf8(text.begin, length);
        if (object == nullptr && (object = text_object(text)) != nullptr) {
            keys_.remember(text.begin, length, object);
        }
        return push(object);
    }

    const char* opened_list(const char* first_item, const char* end) {
        if (!arrays_) {
            return nullptr;
        }
        const char* after = read_block(first_item, end);
        if (after != nullptr) {
            waiting_.push_back(block_mark);
        }
        return after;
    }

    /// Numbers alone need no GIL; taking it back costs more than reading a short list.
    const char* read_block(const char* first_item, const char* end) {
        const auto rest = static_cast<std::size_t>(end - first_item);
        const void* closing = rest > worth_letting_go ? std::memchr(first_item, ']', worth_letting_go) : first_item;
        if (closing == nullptr) {
            const WithoutGil others_may_run;
            return blocks_.read_list(first_item, end);
        }
        const char* after = blocks_.read_list(first_item, end);
        if (after != nullptr && (read_ += static_cast<std::size_t>(after - first_item)) > worth_letting_go) {
            read_ = 0;
            let_others_run();
        }
        return after;
    }

    bool list(std::size_t items) {
        if (arrays_ && items > 0) {
            if (all_blocks(items) && blocks_.merge(items)) {
                waiting_.resize(waiting_.size() - items + 1);
                return true;
            }
            if (!blocks_to_arrays(items)) {
                return false;
            }
        }
        PyObject* made = PyList_New(static_cast<Py_ssize_t>(items));
        if (made == nullptr) {
            return false;
        }
        PyObject** const first = waiting_.data() + (waiting_.size() - items);
        std::memcpy(reinterpret_cast<PyListObject*>(made)->ob_item, first, items * sizeof(PyObject*));
        waiting_.resize(waiting_.size() - items);
        return push(made);
    }

    bool object(std::size_t members) {
        if (arrays_ && !blocks_to_arrays(2 * members)) {
            return false;
        }
        PyObject* made = new_dict(members);
        if (made == nullptr) {
            return false;
        }
        PyObject** const first = waiting_.data() + (waiting_.size() - 2 * members);
        bool fits = true;
        for (std::size_t member = 0; member < members; ++member) {
            PyObject* const name = first[2 * member];
            PyObject* const value = first[2 * member + 1];
            fits = fits && insert(made, name, value);
            Py_DECREF(name);
            Py_DECREF(value);
        }
        waiting_.resize(waiting_.size() - 2 * members);
        if (!fits) {
            Py_DECREF(made);
            return false;
        }
        return push(made);
    }

    /// The one value of a document that was read.
    PyObject* take() {
        if (arrays_ && !blocks_to_arrays(1)) {
            return nullptr;
        }
        PyObject* root = waiting_.back();
        waiting_.pop_back();
        return root;
    }

    /// Where a number stands that Python refused to convert; null if there is none.
    const char* refused() const { return refused_; }

  private:
    // Stands on the stack for the next of the blocks.
    static constexpr PyObject* block_mark = nullptr;
    static bool is_block(PyObject* object) { return object == block_mark; }

    bool push(PyObject* object) {
        if (object == nullptr) {
            return false;
        }
        if (waiting_.size() == waiting_.capacity()) [[unlikely]] {
            Owned kept(object);
            waiting_.reserve(2 * waiting_.capacity() + 1);
            kept.release();
        }
        waiting_.push_back(object);
        if (++made_ % made_between_breaths == 0) {
            let_others_run();
        }
        return true;
    }

    /// Another thread that waits for the GIL gets it here; what is made so far belongs to this reader alone.
    static void let_others_run() { const WithoutGil others_may_run; }

    PyObject* text_object(const ScannedText& text) {
        const Py_ssize_t length = text.end - text.begin;
        if (!text.escaped && !text.wide) [[likely]] {
            if (length == 1) {
                return PyUnicode_FromOrdinal(*text.begin);
            }
            PyObject* made = PyUnicode_New(length, 127);
            if (made != nullptr && length != 0) {
                std::memcpy(PyUnicode_1BYTE_DATA(made), text.begin, static_cast<std::size_t>(length));
            }
            return made;
        }
        if (!text.escaped) {
            return wide_text(text.begin, text.end, surrogates_);
        }
        TextShape shape;
        letters_.clear();
        if ((text.wide && measure_utf8(text.begin, text.end, surrogates_, shape) != text.end) ||
            append_unescaped(text.begin, text.end, letters_) != text.end) {
            return nullptr;
        }
        return wide_text(letters_.data(), letters_.data() + letters_.size(), Surrogates::allow);
    }

    bool long_integer(const char* begin, const char* end) {
        const std::string digits(begin, end);
        PyObject* made = PyLong_FromString(digits.c_str(), nullptr, 10);
        if (made == nullptr) {
            refused_ = begin;
            return false;
        }
        return push(made);
    }

    bool all_blocks(std::size_t items) const {
        for (std::size_t at = waiting_.size() - items; at < waiting_.size(); ++at) {
            if (!is_block(waiting_[at])) {
                return false;
            }
        }
        return true;
    }

    /// Replaces the blocks among the topmost values by arrays.
    bool blocks_to_arrays(std::size_t values) {
        std::size_t count = 0;
        for (std::size_t at = waiting_.size() - values; at < waiting_.size(); ++at) {
            count += is_block(waiting_[at]) ? 1 : 0;
        }
        std::size_t index = blocks_.size() - count;
        for (std::size_t at = waiting_.size() - values; at < waiting_.size(); ++at) {
            if (is_block(waiting_[at])) {
                PyObject* made = array_of(index++);
                if (made == nullptr) {
                    return false;
                }
                waiting_[at] = made;
            }
        }
        blocks_.drop(count);
        return true;
    }

    PyObject* array_of(std::size_t index) {
        try {
            const auto lengths = blocks_.shape(index);
            const std::vector<py::ssize_t> shape(lengths.rbegin(), lengths.rend());
            const auto values = blocks_.values(index);
            if (blocks_.block(index).is_real) {
                return py::array_t<double>(shape, reinterpret_cast<const double*>(values.data())).release().ptr();
            }
            return py::array_t<std::int64_t>(shape, reinterpret_cast<const std::int64_t*>(values.data()))
                .release()
                .ptr();
        } catch (py::error_already_set& error) {
            error.restore();
            return nullptr;
        }
    }

    KeyCache& keys_ = key_cache();
    std::vector<PyObject*> waiting_;
    std::string letters_;                                       // of a string without its escapes
    static constexpr std::size_t made_between_breaths = 8192;   // some 0.3 ms
    static constexpr std::size_t worth_letting_go = 64 * 1024;  // bytes of numbers

    std::size_t made_ = 0;
    std::size_t read_ = 0;  // bytes of numbers since others could last run
    NumericLists blocks_;
    Surrogates surrogates_;
    bool arrays_;
    const char* refused_ = nullptr;
};

/// No garbage can arise while a document is read, so nothing is gained by looking for it again and again.
class WithoutGarbageCollection {
  public:
    explicit WithoutGarbageCollection(bool wanted) : was_enabled_(wanted && PyGC_Disable() != 0) {}
    ~WithoutGarbageCollection() {
        if (was_enabled_) {
            PyGC_Enable();
        }
    }
    WithoutGarbageCollection(const WithoutGarbageCollection&) = delete;
    WithoutGarbageCollection& operator=(const WithoutGarbageCollection&) = delete;

  private:
    bool was_enabled_;
};

PyObject* explain(std::string_view text, Surrogates surrogates, const ObjectBuilder& builder) {
    if (builder.refused() != nullptr && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        const auto place = place_of(text, static_cast<std::size_t>(builder.refused() - text.data()));
        return refuse_document(
            "Document must have integers of no more digits than sys.get_int_max_str_digits() allows, "
            "but has a longer one (line " +
            std::to_string(place.line) + ", column " + std::to_string(place.column) + ", at " + place.path + ")");
    }
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    const auto fault = find_syntax_fault(text, surrogates);
    return refuse_document(fault ? fault->sentence() : "Document must be JSON, but is not");
}

PyObject* read_document(std::string_view text, Surrogates surrogates, bool arrays) {
    constexpr std::size_t worth_it = 4096;
    const WithoutGarbageCollection no_collection(text.size() > worth_it);
    ObjectBuilder builder(surrogates, arrays);
    Reader reader(text.data(), text.data() + text.size(), builder);
    return reader.read() ? builder.take() : explain(text, surrogates, builder);
}

/// str that holds surrogates, which UTF-8 proper lacks.
PyObject* read_text_with_surrogates(PyObject* data, bool arrays) {
    PyErr_Clear();
    const Owned encoded(PyUnicode_AsEncodedString(data, "utf-8", "surrogatepass"));
    if (!encoded) {
        return nullptr;
    }
    return read_document({PyBytes_AS_STRING(encoded.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.get()))},
                         Surrogates::allow, arrays);
}

PyObject* read_text(PyObject* data, bool arrays) {
    Py_ssize_t length = 0;
    const char* letters = PyUnicode_AsUTF8AndSize(data, &length);
    if (letters == nullptr) {
        return PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) ? read_text_with_surrogates(data, arrays) : nullptr;
    }
    return read_document({letters, static_cast<std::size_t>(length)}, Surrogates::refuse, arrays);
}

PyObject* read_bytes(const char* letters, Py_ssize_t length, bool arrays) {
    std::string_view text(letters, static_cast<std::size_t>(length));
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    return read_document(text, Surrogates::refuse, arrays);
}

/// Memory of another kind is copied: the reader wants a NUL behind it, and nobody to write to it meanwhile.
PyObject* read_buffer(PyObject* data, bool arrays) {
    std::string copy;
    {
        const BorrowedBuffer buffer(data, PyBUF_SIMPLE);
        if (!buffer) {
            pass_over_refusal();
            return refuse_input("Argument `data` must be str or contiguous bytes, but is " +
                                std::string(Py_TYPE(data)->tp_name) + ".");
        }
        copy.assign(static_cast<const char*>(buffer->buf), static_cast<std::size_t>(buffer->len));
    }
    return read_bytes(copy.data(), static_cast<Py_ssize_t>(copy.size()), arrays);
}

}  // namespace

PyObject* read_object(PyObject* data, bool arrays) {
    if (PyBytes_Check(data)) {
        return read_bytes(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), arrays);
    }
    if (PyUnicode_Check(data)) {
        return read_text(data, arrays);
    }
    return read_buffer(data, arrays);
}

}  // namespace synqc
