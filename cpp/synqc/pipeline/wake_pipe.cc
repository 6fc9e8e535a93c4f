#include "synqc/pipeline/wake_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "synqc/base/errors.h"

namespace synqc::pipeline {

WakePipe::WakePipe() {
    if (pipe(ends_) != 0) {
        throw Error(std::string("A pipeline needs a pipe to wake its event loop: ") + std::strerror(errno) + ".");
    }
    for (int end : ends_) {
        fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
        fcntl(end, F_SETFD, FD_CLOEXEC);
    }
}

WakePipe::~WakePipe() {
    close(ends_[0]);
    close(ends_[1]);
}

void WakePipe::wake() const {
    char byte = 0;
    // A full pipe is as good: the loop will wake up.
    while (write(ends_[1], &byte, 1) < 0 && errno == EINTR) {
    }
}

void WakePipe::clear() const {
    char bytes[256];
    while (read(ends_[0], bytes, sizeof bytes) > 0) {
    }
}

}  // namespace synqc::pipeline
