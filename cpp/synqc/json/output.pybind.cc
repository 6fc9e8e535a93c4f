#include "synqc/json/output.pybind.h"

#include <algorithm>

namespace synqc {

bool Output::grow(std::size_t size) {
    if (bytes_ == nullptr) {
        PyErr_NoMemory();
        return false;
    }
    const std::size_t written = static_cast<std::size_t>(at_ - PyBytes_AS_STRING(bytes_));
    const std::size_t wanted = std::max(2 * written, written + size + first_size);
    if (_PyBytes_Resize(&bytes_, static_cast<Py_ssize_t>(wanted)) != 0) {
        at_ = limit_ = nullptr;
        return false;
    }
    at_ = PyBytes_AS_STRING(bytes_) + written;
    limit_ = PyBytes_AS_STRING(bytes_) + wanted;
    return true;
}

}  // namespace synqc
