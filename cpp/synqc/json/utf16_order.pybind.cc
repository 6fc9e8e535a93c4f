#include "synqc/json/utf16_order.pybind.h"

#include <algorithm>
#include <string>
#include <vector>

#include "synqc/py/kept.h"

namespace synqc {

namespace {

struct Member {
    std::string units;  // of its key, the higher byte first, so that bytes are in the order of units
    PyObject* pair;
};

bool by_units(const Member& one, const Member& other) {
    return one.units < other.units;
}

bool of_same_units(const Member& one, const Member& other) {
    return one.units == other.units;
}

}  // namespace

PyObject* sort_members_by_utf16(PyObject* members) {
    std::vector<Member> sorted;
    for (Py_ssize_t index = 0; index < PyList_GET_SIZE(members); ++index) {
        PyObject* const pair = PyList_GET_ITEM(members, index);
        const Owned units(PyUnicode_AsEncodedString(PyTuple_GET_ITEM(pair, 0), "utf-16-be", "surrogatepass"));
        if (!units) {
            return nullptr;
        }
        sorted.push_back(
            {{PyBytes_AS_STRING(units.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(units.get()))}, pair});
    }
    std::sort(sorted.begin(), sorted.end(), by_units);
    for (std::size_t index = 0; index < sorted.size(); ++index) {
        PyList_SET_ITEM(members, static_cast<Py_ssize_t>(index), sorted[index].pair);
    }
    const auto repeated = std::adjacent_find(sorted.begin(), sorted.end(), of_same_units);
    return repeated != sorted.end() ? PyTuple_GET_ITEM(repeated->pair, 0) : nullptr;
}

}  // namespace synqc
