#include "synqc/py/bindings.h"

namespace synqc {

void bind_python_json(pybind11::module_&) {}

}  // namespace synqc
