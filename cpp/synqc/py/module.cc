#include <algorithm>
#include <iterator>

#include "synqc/base/simd_level.h"
#include "synqc/py/bindings.h"

/// Under another name, so that what must hold is looked at before pybind11 sets itself up; Python takes the module's
/// name from where it was found.
PYBIND11_MODULE(_core_where_it_runs, module) {
    module.doc() = "The C++ core of synqc. Internal: use the doors of the synqc package.";
    synqc::register_errors(module);
    synqc::bind_build(module);
    synqc::bind_stop_flag(module);
    synqc::bind_text(module);
    synqc::bind_generate(module);
    synqc::bind_metrics(module);
    synqc::bind_memory_cache(module);
    synqc::bind_disk_cache(module);
    synqc::bind_flights(module);
    synqc::bind_pipeline(module);
    synqc::bind_route(module);
    synqc::bind_device(module);
    synqc::bind_readout(module);
    synqc::bind_pulse(module);
    synqc::bind_json(module);
    synqc::bind_python_json(module);
    synqc::bind_master_equation(module);
    synqc::bind_trajectories(module);
    synqc::bind_probe(module);
    synqc::bind_control(module);
    synqc::bind_optimise(module);
    synqc::bind_experiment(module);
    synqc::bind_record_likelihood(module);
    synqc::bind_run_documents(module);
}

namespace {

/// Why the core cannot be used here; null if it can.
const char* obstacle() {
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        return "synqc must be imported by the main interpreter, but is imported by a sub-interpreter: what the core "
               "holds is there once per process. Use threads or processes.";
    }
    constexpr const char* levels[] = {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
    if (std::none_of(std::begin(levels), std::end(levels), synqc::has_simd_level)) {
        return "synqc must run on a processor with the instructions it was built for (x86-64-v2 at least: SSE4.2 and "
               "POPCNT, 2009), but this one lacks them.";
    }
    return nullptr;
}

}  // namespace

extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
    if (const char* why = obstacle()) {
        PyErr_SetString(PyExc_ImportError, why);
        return nullptr;
    }
    return PyInit__core_where_it_runs();
}
