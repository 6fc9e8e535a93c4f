#include "synqc/json/device_document.h"

#include "synqc/json/ibm_properties.h"
#include "synqc/json/ionq_characterization.h"
#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

void bind_json(py::module_& module) {
    module.def("read_device", &read_device, py::arg("text"), "Device from its document in public units.");
    module.def("write_device", &write_device, py::arg("device"), "Document that reads back equal.");
    module.def("read_ibm_properties", &read_ibm_properties, py::arg("text"),
               "Device from an IBM calibration snapshot.");
    module.def("read_ionq_characterization", &read_ionq_characterization, py::arg("text"),
               "Device from an IonQ characterisation.");
}

}  // namespace synqc
