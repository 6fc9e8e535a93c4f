#include "synqc/py/bindings.h"

namespace synqc {

void bind_pipeline(pybind11::module_&) {}

}  // namespace synqc
