#pragma once

#include <Python.h>

#include <string>

namespace synqc {

/// Why an object cannot be written, and where: the path grows from its end while the writer leaves its containers.
///
/// Functions return null, for the writer to pass on.
class WritingRefusal {
  public:
    /// "Argument `obj` must `must`, but `was` ..."
    char* refuse(const std::string& must, const std::string& was);
    char* refuse_type(PyObject* object);
    char* refuse_depth();

    char* leave_item(Py_ssize_t index);
    char* leave_member(PyObject* name);
    /// The place within an array, e.g. [2][0].
    void leave_array(const std::string& steps) { path_.insert(0, steps); }

    /// Raises the refusal, unless there is none or something else was raised.
    void raise() const;

  private:
    std::string shown_path() const;

    std::string sentence_;
    std::string path_;
};

}  // namespace synqc
