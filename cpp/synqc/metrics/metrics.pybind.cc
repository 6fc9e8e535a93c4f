#include "synqc/py/bindings.h"

namespace synqc {

void bind_metrics(pybind11::module_&) {}

}  // namespace synqc
