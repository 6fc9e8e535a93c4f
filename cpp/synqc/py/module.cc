#include "synqc/py/bindings.h"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The C++ core of synqc. Internal: use the doors of the synqc package.";
    synqc::register_errors(module);
    synqc::bind_build(module);
    synqc::bind_metrics(module);
    synqc::bind_memory_cache(module);
    synqc::bind_disk_cache(module);
    synqc::bind_pipeline(module);
    synqc::bind_device(module);
    synqc::bind_pulse(module);
    synqc::bind_json(module);
    synqc::bind_python_json(module);
    synqc::bind_master_equation(module);
    synqc::bind_trajectories(module);
    synqc::bind_probe(module);
    synqc::bind_control(module);
    synqc::bind_experiment(module);
    synqc::bind_run_documents(module);
}
