#include "synqc/cache/disk_entry.h"

namespace synqc {

namespace {

constexpr std::int64_t bytes_of_row = 64;

}  // namespace

std::uint64_t DiskEntry::checksum(const DiskKey& key) const {
    std::uint64_t sum = disk_hash(value, key.hash);
    sum = disk_hash(kind, sum);
    const std::int64_t times[2] = {stored, expires};
    sum = disk_hash({reinterpret_cast<const char*>(times), sizeof times}, sum);
    return sum == 0 ? 1 : sum;
}

std::int64_t DiskEntry::weight(const DiskKey& key) const {
    return static_cast<std::int64_t>(key.text.size() + value.size() + kind.size()) + bytes_of_row;
}

}  // namespace synqc
