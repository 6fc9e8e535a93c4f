#include "synqc/json/writing_refusal.pybind.h"

#include "synqc/json/python_errors.pybind.h"
#include "synqc/json/python_text.pybind.h"
#include "synqc/json/reader.h"

namespace synqc {

char* WritingRefusal::refuse(const std::string& must, const std::string& was) {
    sentence_ = "Argument `obj` must " + must + ", but " + was;
    return nullptr;
}

char* WritingRefusal::refuse_type(PyObject* object) {
    return refuse("hold only what JSON has a form for",
                  "holds an object of type " + std::string(Py_TYPE(object)->tp_name));
}

char* WritingRefusal::refuse_depth() {
    return refuse("be at most " + std::to_string(most_levels) + " levels deep", "is deeper, or holds itself");
}

char* WritingRefusal::leave_item(Py_ssize_t index) {
    path_.insert(0, std::string("[").append(std::to_string(index)).append("]"));
    return nullptr;
}

char* WritingRefusal::leave_member(PyObject* name) {
    // With an exception set, nothing may be asked of the user's objects.
    if (!sentence_.empty()) {
        path_.insert(0, std::string(".").append(PyUnicode_Check(name) ? text_of_key(name) : repr_of(name)));
    }
    return nullptr;
}

void WritingRefusal::raise() const {
    if (!sentence_.empty() && PyErr_Occurred() == nullptr) {
        refuse_input(sentence_ + " (at " + shown_path() + ").");
    }
}

std::string WritingRefusal::shown_path() const {
    constexpr std::size_t most = 200;
    std::string path = "$";
    if (path_.size() <= most) {
        return path.append(path_);
    }
    return path.append(path_, 0, most / 2).append("...").append(path_, path_.size() - most / 2);
}

}  // namespace synqc
