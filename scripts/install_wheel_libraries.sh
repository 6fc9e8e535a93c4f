#!/usr/bin/env bash
# What the extension is linked to, where cibuildwheel builds it: in a manylinux container, on Debian, or on macOS.
set -euo pipefail

if command -v dnf >/dev/null; then
    dnf install -y epel-release
    dnf install -y dnf-plugins-core
    dnf config-manager --set-enabled crb
    dnf install -y eigen3-devel tbb-devel simdjson-devel sqlite-devel openssl-devel
elif command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends libeigen3-dev libtbb-dev libsimdjson-dev libsqlite3-dev libssl-dev
elif command -v brew >/dev/null; then
    brew install eigen tbb simdjson sqlite openssl@3
else
    echo "No dnf, apt-get or brew: install Eigen 3.4, oneTBB, simdjson, SQLite and OpenSSL with their headers." >&2
    exit 1
fi
