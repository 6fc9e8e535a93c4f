#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "synqc/base/simd_level.h"
#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

void bind_build(py::module_& module) {
    module.def(
        "build_info",
        [] {
            py::dict info;
            info["compiler"] = SYNQC_COMPILER;
            info["cpp_standard"] = __cplusplus;
            info["eigen"] = SYNQC_EIGEN_VERSION;
            info["tbb"] = SYNQC_TBB_VERSION;
            info["simdjson"] = SYNQC_SIMDJSON_VERSION;
            info["simd_level"] = std::string(simd_level());
            return info;
        },
        "Compiler and libraries this module was built with, and the kernels' instruction-set level in use.");
    module.def(
        "simd_levels",
        [] {
            std::vector<std::string> usable;
            for (const char* level : {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"}) {
                if (has_simd_level(level)) {
                    usable.emplace_back(level);
                }
            }
            return usable;
        },
        "Levels this build has and this processor can run.");
    module.def("use_simd_level", &use_simd_level, py::arg("level"),
               "Chooses another of simd_levels(), for tests and benchmarks.");
}

}  // namespace synqc
