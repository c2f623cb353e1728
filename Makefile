# Tickless: `make help` lists what there is.

PYTHON ?= python3
PIP_OPTIONS ?=
DATASET ?= saccades
SAMPLES ?=
SEED ?= 1
METHOD ?= mtt
EXPERIMENT ?= $(DATASET)
NETWORK ?=
FOLD ?=
BUDGET ?=
MESH ?=
CUT ?=
CORE_UPDATES ?=
CORE_KBITS ?=
MARGIN ?=
QUICK ?= 0
LOADABLE ?= 0
LOAD ?=
BOARD ?= ulx3s-85f
CLOCK_MHZ ?=
SYSTEM_TOOLS ?= 0
WAVES ?= 0
STALLS ?= 0
TESTS ?= tests
BUSY ?= 0

VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready
on = $(if $(filter-out 0,$(strip $(1))),$(2))
design := $(foreach fold,$(FOLD),--fold $(fold)) $(if $(BUDGET),--budget $(BUDGET)) \
    $(if $(MESH),--mesh $(MESH)) $(foreach cut,$(CUT),--cut $(cut)) \
    $(if $(CORE_UPDATES),--core-updates $(CORE_UPDATES)) \
    $(if $(CORE_KBITS),--core-kbits $(CORE_KBITS)) $(call on,$(LOADABLE),--loadable) \
    $(if $(MARGIN),--margin $(MARGIN)) \
    $(if $(LOAD),--load $(LOAD))
network := $(or $(NETWORK),sw/pretrained/$(DATASET).safetensors)

.DEFAULT_GOAL := help
.PHONY: help env sim rtl bitstream flash train study bench test test-long test-bitstream lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: DATASET=$(DATASET) SAMPLES=20 SEED=$(SEED) STALLS=$(STALLS) WAVES=$(WAVES)"
	@echo "            NETWORK=file FOLD=\"layer=LANESxTAPS ...\" BUDGET=n METHOD=mtt|nmt|sdt"
	@echo "            EXPERIMENT=name of a file in sw/experiments, instead of DATASET, for training"
	@echo "            MESH=RxC CUT=\"layer=SLICES ...\" CORE_UPDATES=n CORE_KBITS=n"
	@echo "            MARGIN=n (early exit at a lead of n, in integer logit units)"
	@echo "            LOADABLE=1 LOAD=file (run this network in the design built for NETWORK)"
	@echo "            BOARD=icebreaker|ulx3s-25f|ulx3s-85f|orangecrab-25f CLOCK_MHZ=n"
	@echo "            SYSTEM_TOOLS=1 (Yosys, nextpnr and their like on PATH, not the packages')"
	@echo "            PIP_OPTIONS=\"...\" for the installation, TICKLESS_DATA=folder for recordings"

env: $(READY) ## the environment in .venv

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
	    f"$(PYTHON) is Python {v[0]}.{v[1]}; Tickless needs 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) \
	    --constraint constraints.txt --editable '.[dev]'
	@touch $@

sim: $(READY) ## stream recordings through the RTL and compare with the golden model
	$(RUN) -m sim --dataset $(DATASET) $(if $(SAMPLES),--samples $(SAMPLES)) --seed $(SEED) $(design) \
	    $(if $(NETWORK),--network $(NETWORK)) $(call on,$(STALLS),--stalls) \
	    $(call on,$(WAVES),--waves)

rtl: $(READY) ## Verilog and manifest of a network, in build/rtl/<dataset>
	$(RUN) -m gen.emit $(network) \
	    --output build/rtl/$(DATASET) $(design)

bitstream: $(READY) ## bitstream of a network for a board, in build/bitstream/<board>-<network>
	$(RUN) -m gen.fpga.bitstream $(network) --board $(BOARD) --seed $(SEED) $(design) \
	    $(if $(CLOCK_MHZ),--clock-mhz $(CLOCK_MHZ)) $(call on,$(SYSTEM_TOOLS),--system-tools)

flash: $(READY) ## load a board with the bitstream built for it, by openFPGALoader
	$(RUN) -m gen.fpga.flash $(network) --board $(BOARD)

train: $(READY) ## train a network and quantize it, in build/train/<experiment>
	$(RUN) -m sw.train $(EXPERIMENT) --set method=$(METHOD) --seed $(SEED) \
	    --output build/train/$(EXPERIMENT)/$(METHOD)-$(SEED).checkpoint.safetensors
	$(RUN) -m sw.quantization.quantize build/train/$(EXPERIMENT)/$(METHOD)-$(SEED).checkpoint.safetensors \
	    --output build/train/$(EXPERIMENT)/$(METHOD)-$(SEED).safetensors

study: $(READY) ## train and compare the methods, in build/study/<experiment>; QUICK=1 for a taste
	$(RUN) -m sw.study $(EXPERIMENT) $(call on,$(QUICK),--quick)

bench: $(READY) ## speed of the fast engine and the simulation, area of the fabric
	$(RUN) -m sw.integer.benchmark
	$(RUN) -m sim.benchmark --dataset $(DATASET)
	$(RUN) -m gen.fpga.area

test: $(READY) ## the tests; BUSY=n beside n busy loops, as on a machine that others use, too
	@for _ in $$(seq $(BUSY)); do (while kill -0 $$$$; do :; done) 2>/dev/null & done; \
	$(RUN) -m pytest -n auto --dist worksteal -q -m "not long and not bitstream" $(TESTS)

test-long: $(READY) ## the tests, with the long regression
	$(RUN) -m pytest -n auto -q -m "not bitstream" $(TESTS)

test-bitstream: $(READY) ## small bitstreams for two boards, recordings through a netlist; the real tools
	$(RUN) -m pytest -q -m bitstream $(TESTS)

lint: $(READY) ## format, lint and type check
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pyright

clean: ## remove what was built; the environment stays
	rm -rf build .pytest_cache .hypothesis
