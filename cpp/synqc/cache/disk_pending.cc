#include "synqc/cache/disk_pending.h"

namespace synqc {

void DiskPending::add(DiskChangePointer change) {
    auto& newest = newest_[change->key];
    if (newest && change->only_over != 0) {
        const auto replaced = newest->entry ? newest->entry->checksum(change->key) : 0;
        if (!change->may_replace(replaced)) {
            return;
        }
        // It overtakes a change that may or may not have reached the file.
        auto heir = std::make_shared<DiskChange>(*change);
        heir->only_over = newest->only_over;
        heir->or_over = replaced;
        change = std::move(heir);
    }
    if (newest) {
        bytes_ -= newest->bytes();
    }
    bytes_ += change->bytes();
    newest = change;
    order_.push_back(std::move(change));
}

const DiskChange* DiskPending::find(const DiskKey& key) const {
    const auto found = newest_.find(key);
    return found == newest_.end() ? nullptr : found->second.get();
}

bool DiskPending::is_newest(const DiskChangePointer& change) const {
    const auto found = newest_.find(change->key);
    return found != newest_.end() && found->second == change;
}

void DiskPending::forget(const DiskChangePointer& change) {
    bytes_ -= change->bytes();
    newest_.erase(change->key);
}

std::vector<DiskChangePointer> DiskPending::take(std::size_t count, std::int64_t bytes) {
    std::vector<DiskChangePointer> batch;
    while (!order_.empty() && batch.size() < count && bytes > 0) {
        auto change = std::move(order_.front());
        order_.pop_front();
        if (is_newest(change)) {
            bytes -= change->bytes();
            batch.push_back(std::move(change));
        }
    }
    return batch;
}

void DiskPending::saved(const std::vector<DiskChangePointer>& batch) {
    for (const auto& change : batch) {
        if (is_newest(change)) {
            forget(change);
        }
    }
}

void DiskPending::restore(const std::vector<DiskChangePointer>& batch) {
    order_.insert(order_.begin(), batch.begin(), batch.end());
}

bool DiskPending::drop_oldest() {
    while (!order_.empty()) {
        const auto change = std::move(order_.front());
        order_.pop_front();
        if (is_newest(change)) {
            forget(change);
            return true;
        }
    }
    return false;
}

void DiskPending::clear() {
    newest_.clear();
    order_.clear();
    bytes_ = 0;
}

std::vector<DiskChangePointer> DiskPending::all() const {
    std::vector<DiskChangePointer> changes;
    changes.reserve(newest_.size());
    for (const auto& [key, change] : newest_) {
        changes.push_back(change);
    }
    return changes;
}

}  // namespace synqc
