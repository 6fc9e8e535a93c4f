#include "synqc/cache/disk_cache.h"

#include <cmath>
#include <utility>

#include "synqc/base/errors.h"
#include "synqc/cache/disk_fork_gate.h"

namespace synqc {

namespace {

constexpr double longest_life_s = 1e11;  // 3000 years; longer is for ever

void check_lifetime(const std::string& name, double seconds) {
    if (!(seconds >= 0)) {
        throw InvalidArgument("Argument `" + name + "` must be at least 0 seconds, but is " + std::to_string(seconds) +
                              ".");
    }
}

const DiskOptions& checked(const DiskOptions& options, const DiskLifetimes& lifetimes) {
    if (options.max_bytes < 0) {
        throw InvalidArgument("Argument `max_bytes` must be at least 0, but is " + std::to_string(options.max_bytes) +
                              ".");
    }
    if (lifetimes.usual) {
        check_lifetime("ttl", *lifetimes.usual);
    }
    for (const auto& [kind, seconds] : lifetimes.of_kind) {
        check_lifetime("ttl_by_kind[" + kind + "]", seconds);
    }
    return options;
}

}  // namespace

DiskCache::DiskCache(DiskOptions options, DiskLifetimes lifetimes)
    : options_(std::move(options)),
      lifetimes_(std::move(lifetimes)),
      held_(new Held{fork_generation(), std::make_unique<DiskSession>(checked(options_, lifetimes_))}) {}

DiskCache::~DiskCache() {
    Held* held = held_;
    // A parent's session is not ours to close: its file locks and its threads are not in this process.
    if (held->generation == fork_generation()) {
        delete held;
    }
}

DiskSession& DiskCache::session() {
    Held* held = held_.load(std::memory_order_acquire);
    if (held->generation == fork_generation()) [[likely]] {
        return *held->session;
    }
    auto own = std::make_unique<Held>(Held{fork_generation(), std::make_unique<DiskSession>(options_)});
    if (held_.compare_exchange_strong(held, own.get())) {
        return *own.release()->session;
    }
    return *held->session;
}

WallMillis DiskCache::expiry_of(const std::string& kind, std::optional<double> ttl, WallMillis now) const {
    if (ttl) {
        check_lifetime("ttl", *ttl);
    } else if (const auto found = lifetimes_.of_kind.find(kind); found != lifetimes_.of_kind.end()) {
        ttl = found->second;
    } else {
        ttl = lifetimes_.usual;
    }
    if (!ttl || *ttl > longest_life_s) {
        return 0;
    }
    return now + static_cast<WallMillis>(std::ceil(*ttl * 1e3));
}

DiskChangePointer DiskCache::storing(DiskKey key, std::string value, std::string kind, std::optional<double> ttl,
                                     WallMillis now) {
    const auto expires = expiry_of(kind, ttl, now);
    auto entry = std::make_shared<DiskEntry>(DiskEntry{std::move(value), std::move(kind), now, expires});
    const bool is_too_heavy = options_.max_bytes > 0 && entry->weight(key) > options_.max_bytes;
    if (is_too_heavy) {
        session().note_refused();
    }
    const bool is_stored = !is_too_heavy && expires != now;
    return std::make_shared<DiskChange>(DiskChange{std::move(key), is_stored ? std::move(entry) : nullptr});
}

bool DiskCache::touch(const DiskKey& key, std::optional<double> ttl, WallMillis now) {
    const auto old = session().find(key, now);
    if (!old) {
        return false;
    }
    const auto expires = expiry_of(old->kind, ttl, now);
    auto renewed = std::make_shared<DiskEntry>(*old);
    renewed->expires = expires;
    // Another process may have stored something newer since: only the entry that was read is renewed.
    session().add(std::make_shared<DiskChange>(
        DiskChange{key, expires == now ? nullptr : std::move(renewed), old->checksum(key)}));
    return true;
}

}  // namespace synqc
