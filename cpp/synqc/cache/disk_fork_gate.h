#pragma once

#include <cstdint>

namespace synqc {

/// How often this process has forked away from the one that loaded it: changes in a child, so that what belongs to its
/// parent is told apart with one load.
std::uint64_t fork_generation();

/// Held around every use of SQLite: fork() waits until no thread holds one, so that a child never inherits a lock
/// inside SQLite that no thread of it will release. A thread holds at most one.
class NoForkHere {
  public:
    NoForkHere();
    NoForkHere(const NoForkHere&) = delete;
    NoForkHere& operator=(const NoForkHere&) = delete;
    ~NoForkHere();
};

}  // namespace synqc
