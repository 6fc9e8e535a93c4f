#!/usr/bin/env bash
# Formatting, static analysis and types of everything. LINT_SINCE=COMMIT lets clang-tidy look only at the C++ sources that
# differ from that commit, LINT_SINCE=HEAD at those not yet committed; it is the one tool that takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t cpp < <(git ls-files 'cpp/*.cc' 'cpp/*.h')
clang-format --dry-run --Werror "${cpp[@]}"

# Kernels are written in a dialect of GCC's; fuzz targets have a build of their own.
if [ -n "${LINT_SINCE:-}" ]; then
    mapfile -t sources < <(git diff --name-only --diff-filter=d "$LINT_SINCE" -- 'cpp/*.cc')
else
    mapfile -t sources < <(git ls-files 'cpp/*.cc')
fi
mapfile -t sources < <(printf '%s\n' "${sources[@]}" | grep -v -e '\.kernel\.cc$' -e '^cpp/fuzz/' -e '^$' || true)
if [ ${#sources[@]} -gt 0 ]; then
    # A build in which no file is joined with others, so that each has a command of its own.
    cmake -S . -B build/lint -DCMAKE_BUILD_TYPE=Release -DSYNQC_JOIN=OFF -DSYNQC_TESTS=ON -DSYNQC_BENCHMARKS=ON \
        -DSYNQC_PYTHON=ON -DPython_EXECUTABLE="$PWD/.venv/bin/python" \
        -Dpybind11_DIR="$(.venv/bin/python -c 'import pybind11; print(pybind11.get_cmake_dir())')" >/dev/null
    printf '%s\n' "${sources[@]}" | xargs -P "${JOBS:-$(nproc)}" -n 1 clang-tidy --quiet -p build/lint
fi

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
