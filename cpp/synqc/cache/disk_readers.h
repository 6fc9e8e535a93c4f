#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "synqc/cache/disk_store.h"

namespace synqc {

/// Connections for reading: one per thread that reads at the same moment, kept for the next one.
class DiskReaders {
  public:
    DiskReaders(std::string path, std::string vfs, int busy_ms);

    /// A connection lent to one thread; goes back unless it failed or the file was replaced meanwhile.
    class Loan {
      public:
        explicit Loan(DiskReaders& readers);
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;
        ~Loan();
        DiskStore& operator*() const { return *store_; }
        void drop() { keep_ = false; }

      private:
        DiskReaders& readers_;
        std::uint64_t generation_;
        std::unique_ptr<DiskStore> store_;
        bool keep_ = true;
    };

    /// Closes what is idle now, and what is lent when it comes back: another file lies at the path.
    void renew();

  private:
    static constexpr std::size_t kept_at_most = 8;

    const std::string path_, vfs_;
    const int busy_ms_;
    std::mutex mutex_;
    std::uint64_t generation_ = 0;
    std::array<std::unique_ptr<DiskStore>, kept_at_most> idle_;  // the first `idle_count_`
    std::size_t idle_count_ = 0;
};

}  // namespace synqc
