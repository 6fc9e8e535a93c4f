# Two commands matter: `make demo` and `make test`. Each sets up what it needs and rebuilds only what changed.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUILD := build/release
JOBS ?= $(shell nproc)

SOURCES := $(shell find cpp cmake python/synqc benchmarks CMakeLists.txt pyproject.toml -type f -not -name '*.pyc' -not -name '*.so')
CPP_SOURCES := $(shell find cpp cmake CMakeLists.txt -type f)

# What is compiled of a package when it is first imported is kept.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help demo demo-agent serve docs wheel test test-cpp test-python test-deep test-cpp-deep test-python-deep test-models test-sanitizers \
	test-extension-sanitized fuzz mutants bench lint stubs clean

help:
	@echo "make demo    run the laboratory's main job on a real device's figures"
	@echo "make demo-agent  suggestions by a language model of this process: no key, no server"
	@echo "make serve   the control page at http://127.0.0.1:8000/ui, and the API"
	@echo "make docs    the documentation as a site in build/site; \`make serve\` then shows it at /docs/site"
	@echo "make wheel   a wheel that brings its libraries, in build/wheels"
	@echo "make test    what every change needs: C++ (optimised), Python, browser, notebooks, documentation"
	@echo "make test-deep  what is too long for that: sanitizers, fuzzing, wide sweeps, kill loops, foreign suites"
	@echo "make test-models  of that, the tests of real models: speech, meanings, the 1.5B; what no source gives is said"
	@echo "make mutants  small mistakes made on purpose, and which of them no test sees; MUTANTS='--seed 7 --under python/synqc/lab'"
	@echo "make fuzz    fuzz the JSON reader for FUZZ_SECONDS (60)"
	@echo "make bench   speed figures beside their goals and peers"
	@echo "make lint    formatting, static analysis, types; LINT_SINCE=HEAD~1 lets clang-tidy look at what changed alone"
	@echo "make stubs   regenerate python/synqc/_core.pyi"
	@echo "make clean   remove everything that was built"

# What `make demo` needs of the system is less than what tests and lint do.
build/system.ready: scripts/install_system_packages.sh
	@mkdir -p build
	@bash scripts/install_system_packages.sh
	@touch $@

build/system-tests.ready: scripts/install_system_packages.sh
	@mkdir -p build
	@bash scripts/install_system_packages.sh tests
	@touch $@

$(VENV)/created: build/system.ready
	@$(PYTHON) -c 'import sys; sys.exit("SynQc needs Python 3.11 or newer, but $(PYTHON) is " + sys.version.split()[0] + ".") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

# What `make demo` needs; the tests add theirs, so that the first demo on a fresh machine stays quick. Modules are compiled
# where they are first imported, which most never are.
$(VENV)/demo.ready: pyproject.toml | $(VENV)/created
	$(BIN)/python scripts/install_requirements.py --no-compile build-system plot xarray
	@touch $@

$(VENV)/test.ready: pyproject.toml | $(VENV)/demo.ready build/system-tests.ready
	$(BIN)/python scripts/install_requirements.py --no-compile dev wheel
	@touch $@

$(VENV)/bench.ready: pyproject.toml | $(VENV)/demo.ready
	$(BIN)/python scripts/install_requirements.py bench
	@touch $@

# A peer that wants other versions of what the service stands on, so that it lives apart.
LITELLM := build/peers/litellm

$(LITELLM)/ready: | $(VENV)/created
	$(BIN)/python -m venv $(LITELLM)
	$(LITELLM)/bin/pip install --quiet --disable-pip-version-check 'litellm[proxy]>=1.100'
	@touch $@

# One build directory serves the wheel and, with C++ tests switched on, CTest; both are incremental.
INSTALL := CMAKE_BUILD_PARALLEL_LEVEL=$(JOBS) $(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
	--force-reinstall -Cbuild-dir=$(BUILD)

$(VENV)/installed: $(SOURCES) | $(VENV)/demo.ready
	$(INSTALL) .
	@touch $@

demo: $(VENV)/installed
	$(BIN)/python -m synqc.demo

$(VENV)/serve.ready: pyproject.toml | $(VENV)/demo.ready
	$(BIN)/python scripts/install_requirements.py service
	@touch $@

# The documentation is served if it was built.
serve: $(VENV)/installed $(VENV)/serve.ready
	$(if $(wildcard build/site/index.html),SYNQC_DOCS_SITE=build/site )$(BIN)/synqc serve

$(VENV)/docs.ready: pyproject.toml | $(VENV)/demo.ready
	$(BIN)/python scripts/install_requirements.py docs
	@touch $@

# A page that is not in the navigation, a link or an anchor that leads nowhere, an object without a docstring: each fails it.
# Notebooks are executed once, until they or the version change.
docs: $(VENV)/installed $(VENV)/docs.ready
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=python $(BIN)/python -m mkdocs build --quiet --clean --config-file site/mkdocs.yml
	@echo "build/site/index.html"

$(VENV)/wheel.ready: pyproject.toml | $(VENV)/demo.ready
	$(BIN)/python scripts/install_requirements.py wheel
	@touch $@

# A wheel that brings its libraries, for this Python and machines with this glibc or a newer one.
wheel: $(VENV)/installed $(VENV)/wheel.ready
	bash scripts/build_wheel.sh $(BIN)/python build/wheels

$(VENV)/local.ready: pyproject.toml | $(VENV)/serve.ready
	$(BIN)/python scripts/install_requirements.py local
	@touch $@

# The model is got once, 1.1 GB; AGENT_MODEL=smollm2-135m shows the machinery alone, with one of 98 MB.
AGENT_MODEL ?= qwen2.5-coder-1.5b

demo-agent: $(VENV)/installed $(VENV)/local.ready
	$(BIN)/synqc models get $(AGENT_MODEL)
	$(BIN)/python -m synqc.apps.tds.agent.demo --model $(AGENT_MODEL)

$(BUILD)/tests.ready: $(CPP_SOURCES) | $(VENV)/installed build/system-tests.ready
	cmake -S . -B $(BUILD) -DSYNQC_TESTS=ON >/dev/null
	nice -n 19 cmake --build $(BUILD) -j $(JOBS) >$(BUILD)/tests.log 2>&1 || { cat $(BUILD)/tests.log; exit 1; }
	@touch $@

# A test that keeps every core busy runs alone: others promise to answer within milliseconds.
USES_ALL_CORES := random_configurations

test-cpp: $(BUILD)/tests.ready
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -E $(USES_ALL_CORES)
	ctest --test-dir $(BUILD) --output-on-failure -R $(USES_ALL_CORES)

test-cpp-deep: $(BUILD)/tests.ready
	SYNQC_RANDOM_CONFIGURATIONS=1000000 ctest --test-dir $(BUILD) --output-on-failure -R $(USES_ALL_CORES)

# Sanitizers see the kernels of one level: their source is the same at all, and compiling them is most of the wait.
SANITIZED_LEVEL := $(shell grep -qw avx2 /proc/cpuinfo && echo v3 || echo v2)

build/asan/tests.ready: $(CPP_SOURCES) | build/system-tests.ready
	cmake -S . -B build/asan -G Ninja -DSYNQC_TESTS=ON -DSYNQC_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=None \
		-DSYNQC_SIMD_LEVELS=$(SANITIZED_LEVEL) >/dev/null
	cmake --build build/asan -j $(JOBS)
	@touch $@

# Rooms whose parts are shared by threads.
THREADED_ROOMS := parallel text generate metrics cache pipeline route infer optimise readout
space := $(subst ,, )

build/tsan/tests.ready: $(CPP_SOURCES) | build/system-tests.ready
	cmake -S . -B build/tsan -G Ninja -DSYNQC_TESTS=ON -DSYNQC_SANITIZE=thread -DCMAKE_BUILD_TYPE=None \
		-DSYNQC_SIMD_LEVELS=$(SANITIZED_LEVEL) >/dev/null
	cmake --build build/tsan -j $(JOBS) --target $(THREADED_ROOMS:%=%_tests)
	@touch $@

test-sanitizers: build/asan/tests.ready build/tsan/tests.ready
	ctest --test-dir build/asan --output-on-failure -j $(JOBS)
	TSAN_OPTIONS="suppressions=$(CURDIR)/cmake/tsan.supp" ctest --test-dir build/tsan --output-on-failure -R '^($(subst $(space),|,$(THREADED_ROOMS)))\.' -j $(JOBS)

# Half of their time the tests wait: for a server to start, an interrupt to arrive, a browser to draw.
PYTEST_JOBS := $(shell expr 2 '*' $(JOBS))

# Workers take whole files in the order of tests/conftest.py, and are forked when all is collected (tests/forked_workers.py). Four share two
# processors: a second thread of BLAS, for matrices of nine rows, would wait for its turn longer than it computes.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -p no:xdist --workers $(PYTEST_JOBS)

test-python: $(VENV)/installed $(VENV)/test.ready
	$(PYTEST)

build/asan/extension.ready: $(CPP_SOURCES) | $(VENV)/test.ready
	cmake -S . -B build/asan -G Ninja -DSYNQC_TESTS=ON -DSYNQC_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=None \
		-DSYNQC_SIMD_LEVELS=$(SANITIZED_LEVEL) -DSYNQC_PYTHON=ON -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
		-Dpybind11_DIR=$$($(BIN)/python -c 'import pybind11; print(pybind11.get_cmake_dir())') >/dev/null
	cmake --build build/asan -j $(JOBS) --target _core
	@touch $@

# The extension itself under the sanitizers, with Python's tests of it and with hostile objects.
test-extension-sanitized: build/asan/extension.ready $(VENV)/test.ready
	JOBS=$(JOBS) bash scripts/test_extension_sanitized.sh

# Wide sweeps, hundreds of seeds, every device file, processes killed hundreds of times, other projects' own tests,
# and random tests with new seeds.
# One that takes long is not one that hangs, and asking where a busy one is may end it: CPython 3.11 reads its frames meanwhile.
test-python-deep: $(VENV)/installed $(VENV)/test.ready
	SYNQC_TEST_SEED=fresh $(PYTEST) -m 'deep or seeded' -o faulthandler_timeout=2400

# Speech, meanings in other languages, and the model that answers best: 600 MB of packages and 1.3 GB of files, so that only
# the deep part and CI have them. What no source gives here is said, and its tests are skipped. Two hundred suggestions of the
# 1.5B take a quarter of an hour: they are among the deep ones of Python.
REAL_MODELS := minilm-int8 whisper-base qwen2.5-coder-1.5b

$(VENV)/models.ready: pyproject.toml | $(VENV)/test.ready
	$(BIN)/python scripts/install_requirements.py embeddings-multilingual speech
	@touch $@

test-models: $(VENV)/installed $(VENV)/models.ready
	@for model in $(REAL_MODELS); do \
		$(BIN)/synqc models get $$model || echo "No source gives $$model here: tests of it are skipped."; done
	$(BIN)/python -m pytest tests/llm/test_embed.py tests/llm/test_transcribe.py
	$(BIN)/python -m pytest -m deep -k "not many_suggestions" tests/llm/local/test_local_decisions.py \
		tests/apps/tds/agent/test_small_models.py

# A minute of libFuzzer on the JSON reader; FUZZ_SECONDS=3600 make fuzz for an hour.
fuzz: build/system-tests.ready
	JOBS=$(JOBS) bash cpp/fuzz/run.sh

# A sample of mistakes, each against the tests of its own room; an hour at most. MUTANTS=--help lists what it may say.
mutants: $(VENV)/installed $(VENV)/test.ready
	PYTHONPATH=scripts $(BIN)/python -m mutants --jobs $(JOBS) $(MUTANTS)

# The compiler of the C++ tests takes what Python's tests leave of the machine: they wait for much of their time. C++ tests
# run when Python's have ended, for both have some that promise to answer within milliseconds.
test:
	+$(MAKE) --no-print-directory -j 2 $(BUILD)/tests.ready test-python
	+$(MAKE) --no-print-directory test-cpp

test-deep: test-cpp-deep test-sanitizers fuzz test-models test-python-deep test-extension-sanitized

bench: $(VENV)/installed $(VENV)/bench.ready $(LITELLM)/ready
	cmake -S . -B $(BUILD) -DSYNQC_BENCHMARKS=ON >/dev/null
	cmake --build $(BUILD) -j $(JOBS)
	SYNQC_LITELLM=$(LITELLM)/bin/litellm $(BIN)/synqc bench --kernels $(BUILD)

lint: $(VENV)/test.ready
	JOBS=$(JOBS) LINT_SINCE=$(LINT_SINCE) bash scripts/lint.sh

stubs: $(VENV)/installed $(VENV)/test.ready
	$(BIN)/python scripts/generate_stubs.py

clean:
	rm -rf build $(VENV) demo-output
