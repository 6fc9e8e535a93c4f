#pragma once

#include <pybind11/pybind11.h>

/// One function per room; each lies beside what it binds, in <room>/<thing>.pybind.cc, and module.cc calls them all.
namespace synqc {

void register_errors(pybind11::module_& module);
void bind_build(pybind11::module_& module);
void bind_stop_flag(pybind11::module_& module);
void bind_text(pybind11::module_& module);
void bind_generate(pybind11::module_& module);
void bind_metrics(pybind11::module_& module);
void bind_memory_cache(pybind11::module_& module);
void bind_disk_cache(pybind11::module_& module);
void bind_flights(pybind11::module_& module);
void bind_pipeline(pybind11::module_& module);
void bind_route(pybind11::module_& module);
void bind_device(pybind11::module_& module);
void bind_json(pybind11::module_& module);
void bind_python_json(pybind11::module_& module);
void bind_run_documents(pybind11::module_& module);
void bind_readout(pybind11::module_& module);
void bind_pulse(pybind11::module_& module);
void bind_trajectories(pybind11::module_& module);
void bind_master_equation(pybind11::module_& module);
void bind_probe(pybind11::module_& module);
void bind_control(pybind11::module_& module);
void bind_optimise(pybind11::module_& module);
void bind_experiment(pybind11::module_& module);
void bind_record_likelihood(pybind11::module_& module);

}  // namespace synqc
