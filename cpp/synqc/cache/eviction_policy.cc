#include "synqc/cache/eviction_policy.h"

#include <string>

#include "synqc/base/errors.h"

namespace synqc {

std::unique_ptr<EvictionPolicy> make_eviction_policy(std::string_view name, std::uint64_t capacity) {
    if (name == "w-tinylfu") {
        return make_w_tinylfu(capacity);
    }
    if (name == "s3-fifo") {
        return make_s3_fifo(capacity);
    }
    if (name == "lru") {
        return make_lru();
    }
    throw UnknownName("Argument `policy` must be one of w-tinylfu, s3-fifo, lru, but is '" + std::string(name) + "'.");
}

}  // namespace synqc
