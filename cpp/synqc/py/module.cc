#include "synqc/py/bindings.h"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The C++ core of synqc. Internal: use the doors of the synqc package.";
    synqc::register_errors(module);
}
