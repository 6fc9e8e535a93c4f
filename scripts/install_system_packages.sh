#!/usr/bin/env bash
# Installs what the build needs from the system: a compiler, CMake, and the libraries found by find_package; with the word
# `tests` also what only tests and lint need. As root on Debian it installs them; otherwise it says exactly what is missing.
set -euo pipefail

packages=(g++ make cmake ninja-build git python3-dev python3-venv libeigen3-dev libtbb-dev libsimdjson-dev libsqlite3-dev libssl-dev
    chromium fonts-dejavu-core)  # PNG pictures
others="a C++20 compiler, make, CMake 3.25, Ninja, Eigen 3.4, oneTBB, simdjson, SQLite, OpenSSL, Chromium for PNG plots"
if [ "${1:-}" = tests ]; then
    # Clang's runtime for fuzzing has the number of Clang in its name.
    clang=$(apt-cache show clang 2>/dev/null | sed -n 's/^Version: [0-9]*:\([0-9]*\)\..*/\1/p' | head -1)
    packages+=(libgtest-dev
        clang "libclang-rt-${clang:-14}-dev" clang-format clang-tidy
        tesseract-ocr tesseract-ocr-eng tesseract-ocr-hin fonts-noto-core espeak-ng
        nginx-light)
    # Tests of others that ours run: Python's own, which Debian packs apart, and a package of npm.
    python3 -c 'import test.test_json' 2>/dev/null ||
        packages+=("$(python3 -c 'import sys; print("libpython{}.{}-testsuite".format(*sys.version_info))')")
    command -v npm >/dev/null || packages+=(npm)
    others+=", GoogleTest, Clang with libFuzzer, Tesseract for pictures of pages, nginx for tests behind it"
fi

missing=()
for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing system packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    exit 0
fi

echo "SynQc needs these Debian packages, which are not installed:"
echo "    sudo apt-get install ${missing[*]}"
echo "(On other systems: $others.)"
exit 1
