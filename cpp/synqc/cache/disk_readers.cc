#include "synqc/cache/disk_readers.h"

#include <utility>

namespace synqc {

DiskReaders::DiskReaders(std::string path, std::string vfs, int busy_ms)
    : path_(std::move(path)), vfs_(std::move(vfs)), busy_ms_(busy_ms) {}

DiskReaders::Loan::Loan(DiskReaders& readers) : readers_(readers) {
    {
        const std::lock_guard guard(readers.mutex_);
        generation_ = readers.generation_;
        if (readers.idle_count_ > 0) {
            store_ = std::move(readers.idle_[--readers.idle_count_]);
        }
    }
    if (!store_) {
        const char* vfs = readers.vfs_.empty() ? nullptr : readers.vfs_.c_str();
        store_ = std::make_unique<DiskStore>(readers.path_, vfs, readers.busy_ms_);
    }
}

DiskReaders::Loan::~Loan() {
    const std::lock_guard guard(readers_.mutex_);
    if (keep_ && generation_ == readers_.generation_ && readers_.idle_count_ < kept_at_most) {
        readers_.idle_[readers_.idle_count_++] = std::move(store_);
    } else {
        store_->forgo_checkpoint();
    }
}

void DiskReaders::renew() {
    std::array<std::unique_ptr<DiskStore>, kept_at_most> closing;
    {
        const std::lock_guard guard(mutex_);
        ++generation_;
        closing.swap(idle_);
        idle_count_ = 0;
    }
    for (const auto& store : closing) {
        if (store) {
            store->forgo_checkpoint();
        }
    }
}

}  // namespace synqc
