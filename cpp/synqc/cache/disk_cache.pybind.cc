#include "synqc/py/bindings.h"

namespace synqc {

void bind_disk_cache(pybind11::module_&) {}

}  // namespace synqc
