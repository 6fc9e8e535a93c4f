#include "synqc/json/output.pybind.h"

#include <algorithm>

namespace synqc {

char* Output::grow(char* at, std::size_t size) {
    const auto written = static_cast<std::size_t>(at - PyBytes_AS_STRING(bytes_));
    // Little is copied more often than it need be if it grows in fewer steps.
    constexpr std::size_t little = 1 << 18;
    const std::size_t wanted = std::max((written < little ? 4 : 2) * written, written + size) + first_size;
    if (wanted > static_cast<std::size_t>(PY_SSIZE_T_MAX)) {
        PyErr_NoMemory();
        return nullptr;
    }
    if (_PyBytes_Resize(&bytes_, static_cast<Py_ssize_t>(wanted)) != 0) {
        limit_ = nullptr;
        return nullptr;
    }
    limit_ = PyBytes_AS_STRING(bytes_) + wanted - slack;
    return PyBytes_AS_STRING(bytes_) + written;
}

}  // namespace synqc
