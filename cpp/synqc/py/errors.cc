#include "synqc/base/errors.h"

#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

namespace {

void raise_as(const char* class_name, const Error& error) {
    py::object error_class = py::module_::import("synqc.errors").attr(class_name);
    PyErr_SetString(error_class.ptr(), error.what());
}

}  // namespace

void register_errors(py::module_&) {
    py::register_exception_translator([](std::exception_ptr pointer) {
        try {
            if (pointer) {
                std::rethrow_exception(pointer);
            }
        } catch (const UnreadableDocument& error) {
            raise_as("DocumentError", error);
        } catch (const UnknownName& error) {
            raise_as("UnknownName", error);
        } catch (const ShapeMismatch& error) {
            raise_as("ShapeError", error);
        } catch (const InvalidArgument& error) {
            raise_as("InputError", error);
        } catch (const StepTooSmall& error) {
            raise_as("StepTooSmall", error);
        } catch (const NonPhysicalState& error) {
            raise_as("NonPhysicalState", error);
        } catch (const NumericalFailure& error) {
            raise_as("NumericalError", error);
        } catch (const Error& error) {
            raise_as("SynqcError", error);
        }
    });
}

}  // namespace synqc
