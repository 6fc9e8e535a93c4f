#pragma once

#include <pybind11/pybind11.h>

namespace synqc {

/// `content_key` and `sha256_hex`, called by `bind_disk_cache`.
void bind_content_key(pybind11::module_& module);

}  // namespace synqc
