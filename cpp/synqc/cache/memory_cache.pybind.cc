#include "synqc/py/bindings.h"

namespace synqc {

void bind_memory_cache(pybind11::module_&) {}

}  // namespace synqc
