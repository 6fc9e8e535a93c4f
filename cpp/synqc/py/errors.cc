#include "synqc/py/errors.h"

#include "synqc/base/errors.h"

#include <new>
#include <stdexcept>
#include <string_view>

#include "synqc/py/bindings.h"

namespace py = pybind11;

namespace synqc {

namespace {

const char* twin_of(const Error& error) {
    if (dynamic_cast<const UnreadableDocument*>(&error) != nullptr) {
        return "DocumentError";
    }
    if (dynamic_cast<const UnknownName*>(&error) != nullptr) {
        return "UnknownName";
    }
    if (dynamic_cast<const ShapeMismatch*>(&error) != nullptr) {
        return "ShapeError";
    }
    if (dynamic_cast<const InvalidArgument*>(&error) != nullptr) {
        return "InputError";
    }
    if (dynamic_cast<const StepTooSmall*>(&error) != nullptr) {
        return "StepTooSmall";
    }
    if (dynamic_cast<const NonPhysicalState*>(&error) != nullptr) {
        return "NonPhysicalState";
    }
    if (dynamic_cast<const NumericalFailure*>(&error) != nullptr) {
        return "NumericalError";
    }
    return "SynqcError";
}

/// How pybind11 says that Python had no memory for a str, a list or the like.
bool says_that_memory_ended(const std::runtime_error& error) {
    return std::string_view(error.what()).starts_with("Could not allocate ");
}

void set_twin(const Error& error) {
    const auto errors = py::reinterpret_steal<py::object>(PyImport_ImportModule("synqc.errors"));
    const auto twin =
        py::reinterpret_steal<py::object>(errors ? PyObject_GetAttrString(errors.ptr(), twin_of(error)) : nullptr);
    if (twin) {
        PyErr_SetString(twin.ptr(), error.what());
    }
}

}  // namespace

void set_python_error() noexcept {
    try {
        throw;
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const Error& error) {
        set_twin(error);
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::length_error&) {
        PyErr_NoMemory();
    } catch (const std::runtime_error& error) {
        says_that_memory_ended(error) ? void(PyErr_NoMemory()) : PyErr_SetString(PyExc_RuntimeError, error.what());
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    } catch (...) {
        PyErr_SetString(PyExc_RuntimeError, "something that is no exception was thrown in the core");
    }
}

void register_errors(py::module_&) {
    py::register_exception_translator([](std::exception_ptr pointer) {
        try {
            if (pointer) {
                std::rethrow_exception(pointer);
            }
        } catch (const Error& error) {
            set_twin(error);
        } catch (const std::length_error&) {
            PyErr_NoMemory();  // more than any container may hold
        } catch (const std::runtime_error& error) {
            if (!says_that_memory_ended(error)) {
                throw;
            }
            PyErr_NoMemory();
        }
    });
}

}  // namespace synqc
