#include "synqc/json/array_text.pybind.h"

#include <cmath>
#include <cstdint>

#include "synqc/json/integer_text.h"
#include "synqc/json/shortest_number.h"
#include "synqc/py/forgiving.h"
#include "synqc/py/kept.h"

namespace synqc {

namespace {

constexpr std::size_t room_of_an_item = shortest_number_room;

/// Writes the item at `at`; returns its end, or null if it is not finite.
using WriteItem = char* (*)(const char* at, char* to, double& number);

template <typename Number>
Number number_at(const char* at) {
    Number number;
    std::memcpy(&number, at, sizeof number);
    return number;
}

template <typename Whole>
char* write_whole(const char* at, char* to, double&) {
    if constexpr (std::is_signed_v<Whole>) {
        return write_integer(static_cast<std::int64_t>(number_at<Whole>(at)), to);
    } else {
        return write_integer(static_cast<std::uint64_t>(number_at<Whole>(at)), to);
    }
}

char* write_truth(const char* at, char* to, double&) {
    const bool value = *at != 0;
    std::memcpy(to, value ? "true" : "false", value ? 4 : 5);
    return to + (value ? 4 : 5);
}

char* write_finite(double number, char* to, double& refused) {
    if (!std::isfinite(number)) {
        refused = number;
        return nullptr;
    }
    return write_shortest(number, to);
}

char* write_half(const char* at, char* to, double& refused) {
    return write_finite(PyFloat_Unpack2(at, PY_LITTLE_ENDIAN), to, refused);
}

template <typename Real>
char* write_real(const char* at, char* to, double& refused) {
    return write_finite(static_cast<double>(number_at<Real>(at)), to, refused);
}

/// By the letter the struct module has for it; null for what needs conversion.
WriteItem writer_of(const char* format) {
    if (format == nullptr || format[0] == '\0' || format[1] != '\0') {
        return nullptr;
    }
    switch (format[0]) {
        case '?':
            return &write_truth;
        case 'b':
            return &write_whole<signed char>;
        case 'B':
            return &write_whole<unsigned char>;
        case 'h':
            return &write_whole<short>;
        case 'H':
            return &write_whole<unsigned short>;
        case 'i':
            return &write_whole<int>;
        case 'I':
            return &write_whole<unsigned int>;
        case 'l':
            return &write_whole<long>;
        case 'L':
            return &write_whole<unsigned long>;
        case 'q':
            return &write_whole<long long>;
        case 'Q':
            return &write_whole<unsigned long long>;
        case 'e':
            return &write_half;
        case 'f':
            return &write_real<float>;
        case 'd':
            return &write_real<double>;
        default:
            return nullptr;
    }
}

class ArrayWriter {
  public:
    ArrayWriter(const Py_buffer& view, WriteItem write_item, Output& output, std::string& path, double& number)
        : view_(view), write_(write_item), output_(output), path_(path), number_(number) {}

    /// Returns the end of what was written at `to`, or null.
    char* write(const char* at, int dimension, char* to) {
        if (dimension == view_.ndim) {
            return item(at, to);
        }
        to = output_.room(to, 1);
        if (to == nullptr) {
            return nullptr;
        }
        *to++ = '[';
        const Py_ssize_t length = view_.shape[dimension];
        const Py_ssize_t stride = view_.strides[dimension];
        const bool innermost = dimension + 1 == view_.ndim;
        for (Py_ssize_t index = 0; index < length; ++index, at += stride) {
            to = innermost ? item(at, to) : write(at, dimension + 1, to);
            if (to == nullptr) [[unlikely]] {
                path_.insert(0, std::string("[").append(std::to_string(index)).append("]"));
                return nullptr;
            }
            *to++ = ',';
        }
        if (length == 0) {
            ++to;
        }
        to[-1] = ']';
        return output_.room(to, 0);
    }

    bool not_finite() const { return not_finite_; }

  private:
    char* item(const char* at, char* to) {
        to = output_.room(to, room_of_an_item);
        if (to == nullptr) [[unlikely]] {
            return nullptr;
        }
        to = write_(at, to, number_);
        not_finite_ = to == nullptr;
        return to;
    }

    const Py_buffer& view_;
    WriteItem write_;
    Output& output_;
    std::string& path_;
    double& number_;
    bool not_finite_ = false;
};

}  // namespace

ArrayOutcome write_array(PyObject* array, Output& output, char*& to, std::string& path, double& number) {
    const BorrowedBuffer view(array, PyBUF_FORMAT | PyBUF_STRIDES);
    if (!view) {
        pass_over_refusal();  // dates, objects and other byte orders have no buffer
        return ArrayOutcome::not_of_this_kind;
    }
    const WriteItem write = writer_of(view->format);
    ArrayOutcome outcome = ArrayOutcome::not_of_this_kind;
    if (write != nullptr) {
        ArrayWriter writer(*view, write, output, path, number);
        to = writer.write(static_cast<const char*>(view->buf), 0, to);
        outcome = to != nullptr         ? ArrayOutcome::written
                  : writer.not_finite() ? ArrayOutcome::not_finite
                                        : ArrayOutcome::failed;
    }
    return outcome;
}

}  // namespace synqc
