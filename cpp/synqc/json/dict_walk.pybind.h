#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>

namespace synqc {

/// Whether DictWalk knows how this Python lays out its dicts; settled by `hold_dict_layout_against_python`.
extern bool dict_layout_is_known;

/// Walks a dict with each kind of keys by its memory and by Python's own function, and believes the former only if both
/// agree.
void hold_dict_layout_against_python();

/// The members of a dict in order, as PyDict_Next has them, which takes ten times as long for keys that are all texts.
///
/// Both are borrowed; what changes the dict meanwhile must not change its size.
class DictWalk {
  public:
    explicit DictWalk(PyObject* dict) : dict_(dict) {}

    bool next(PyObject*& name, PyObject*& item) {
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030D0000
        const auto* const dict = reinterpret_cast<const PyDictObject*>(dict_);
        const auto* const keys = reinterpret_cast<const Keys*>(dict->ma_keys);
        if (dict->ma_values == nullptr && keys->kind == only_texts && dict_layout_is_known) [[likely]] {
            const auto* const entries = reinterpret_cast<const TextEntry*>(reinterpret_cast<const char*>(keys + 1) +
                                                                           (std::size_t{1} << keys->log2_index_bytes));
            while (place_ < keys->entry_count) {
                const TextEntry& entry = entries[place_++];
                if (entry.item != nullptr) [[likely]] {
                    name = entry.name;
                    item = entry.item;
                    return true;
                }
            }
            return false;
        }
#endif
        return PyDict_Next(dict_, &place_, &name, &item) != 0;
    }

  private:
    /// struct _dictkeysobject of CPython 3.11 and 3.12; its table of indices follows, then its entries.
    struct Keys {
        Py_ssize_t references;
        std::uint8_t log2_size;
        std::uint8_t log2_index_bytes;
        std::uint8_t kind;
        std::uint32_t version;
        Py_ssize_t usable;
        Py_ssize_t entry_count;
    };
    static constexpr std::uint8_t only_texts = 1;
    /// PyDictUnicodeEntry.
    struct TextEntry {
        PyObject* name;
        PyObject* item;
    };

    PyObject* dict_;
    Py_ssize_t place_ = 0;
};

}  // namespace synqc
