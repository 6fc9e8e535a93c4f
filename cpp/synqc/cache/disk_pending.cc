#include "synqc/cache/disk_pending.h"

namespace synqc {

void DiskPending::add(DiskChangePointer change) {
    auto place = newest_.find(change->key);
    if (place != newest_.end() && change->only_over != 0) {
        const auto& newest = place->second;
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
    DiskBatch link{change};
    if (place == newest_.end()) {
        place = newest_.emplace(change->key, nullptr).first;
    } else {
        bytes_ -= place->second->bytes();
    }
    // Nothing below takes memory.
    bytes_ += change->bytes();
    place->second = std::move(change);
    order_.splice(order_.end(), link);
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

DiskBatch DiskPending::take(std::size_t count, std::int64_t bytes) noexcept {
    DiskBatch batch;
    while (!order_.empty() && batch.size() < count && bytes > 0) {
        if (is_newest(order_.front())) {
            bytes -= order_.front()->bytes();
            batch.splice(batch.end(), order_, order_.begin());
        } else {
            order_.pop_front();
        }
    }
    return batch;
}

void DiskPending::saved(const DiskBatch& batch) noexcept {
    for (const auto& change : batch) {
        if (is_newest(change)) {
            forget(change);
        }
    }
}

void DiskPending::restore(DiskBatch batch) noexcept {
    order_.splice(order_.begin(), batch);
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
