# Two commands on a fresh machine with Python 3.11 to 3.13 and nothing else:
#   make dataset   the quickstart dataset in data/quickstart
#   make test      lint, types, tests
# And: make test-portable, the numeric tests under the kernels of other processors; make bench,
# what every stage of a build takes on this machine; make fuzz, parsers on made-up input; make
# faults, builds that are disturbed.

PYTHON ?= $(shell for version in 3.11 3.12 3.13; do \
	if python$$version -c '' 2>/dev/null; then echo python$$version; break; fi; done)
ifeq ($(strip $(PYTHON)),)
PYTHON := python3
endif
PIP_FLAGS ?=
# Where torch comes from, if not from the index of the other packages. Its wheels without CUDA, for
# a machine without a GPU: make dataset TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
BIN := .venv/bin
PIP := $(BIN)/pip install $(PIP_FLAGS) --disable-pip-version-check -q -c constraints.txt
INSTALLED := .venv/installed
FOR_TESTS := .venv/installed-for-tests

# One process a core; each takes a stretch of the tests, so that a file's datasets are made once.
PYTEST := $(BIN)/pytest -n auto --dist worksteal
NUMERIC_TESTS := $(PYTEST) -q tests/models tests/pipeline/speech tests/pipeline/judging \
	tests/pipeline/probe tests/pipeline/test_same_rows.py tests/pipeline/build/test_stages.py \
	--ignore tests/models/phonology --ignore tests/models/training/teaching \
	--ignore tests/models/training/public_corpora \
	--ignore tests/models/training/test_plain_kernels.py

FUZZ_SECONDS ?= 300

.PHONY: dataset test test-portable fuzz faults bench install format clean

dataset: $(INSTALLED)
	$(BIN)/voxloom build configs/build/quickstart.yaml

test: $(FOR_TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) --durations=10

# ATen's kernels, oneDNN's and the number of threads: every pair of settings meets in one of six runs.
test-portable: $(FOR_TESTS)
	ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1 $(NUMERIC_TESTS)
	ATEN_CPU_CAPABILITY=default OMP_NUM_THREADS=2 $(NUMERIC_TESTS)
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=2 $(NUMERIC_TESTS)
	ATEN_CPU_CAPABILITY=avx2 OMP_NUM_THREADS=1 $(NUMERIC_TESTS)
	ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1 $(NUMERIC_TESTS)
	OMP_NUM_THREADS=2 $(NUMERIC_TESTS)

# Every parser of what a stranger may have made, so many seconds each; TARGETS names some of them.
fuzz: $(FOR_TESTS)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(TARGETS)

# Builds that are killed, starved and confused; how they end goes into docs/FAULTS.md.
faults: $(FOR_TESTS)
	$(BIN)/python -m tests.faults

bench: $(FOR_TESTS)
	$(BIN)/python -m benchmarks.stages
	$(BIN)/python -m benchmarks.melnet

install: $(FOR_TESTS)

# The stamp is written last: an installation that was interrupted is done again.
# NeMo text processing goes in without its dependencies; pyproject.toml says why. Its grammars
# take half a minute to compile, once a machine.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "error: Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(PIP) --index-url $(TORCH_INDEX) torch torchaudio)
	$(PIP) -e .
	$(PIP) --no-deps nemo_text_processing
	$(BIN)/python -m pipeline.text.normalize
	touch $(INSTALLED)

# What trains and what tests; a build needs neither.
$(FOR_TESTS): $(INSTALLED)
	$(PIP) -e '.[train,dev]'
	touch $(FOR_TESTS)

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf data/quickstart data/.voxloom/quickstart .pytest_cache .mypy_cache .ruff_cache
