# Tickless: `make help` lists what there is.

PYTHON ?= python3
PIP_OPTIONS ?=
DATASET ?= saccades
FILES ?=
CROP ?=
DOWNSAMPLE ?=
POLARITY ?=
WINDOW ?=
SAMPLES ?=
SEED ?= 1
METHOD ?= mtt
FROM ?=
EXPERIMENT ?= $(DATASET)
NETWORK ?=
FOLD ?=
BUDGET ?=
MESH ?=
CUT ?=
CORE_UPDATES ?=
CORE_KBITS ?=
COPIES ?=
MARGIN ?=
ENGINE ?=
LARGE ?= vggsnn
BITS ?= 8
SPIKES ?= 20000
BATCH ?=
BESIDE ?=
QUICK ?= 0
PREFIX ?=
WRAP ?=
LOADABLE ?= 0
LOAD ?=
BOARD ?= ulx3s-85f
LINK ?=
ADDRESS ?=
STORED_EVENTS ?=
CLOCK_MHZ ?=
ACTIVITY ?=
SYSTEM_TOOLS ?= 0
WAVES ?= 0
STALLS ?= 0
SPLIT ?=
JOBS ?=
CLUSTER ?=
TESTS ?= tests
BUSY ?= 0

VENV := .venv
RUN := $(VENV)/bin/python
TICKLESS := $(RUN) -m tickless
READY := $(VENV)/ready
LOG := $(VENV)/pip.log
PEERS := $(patsubst tests/peers/%.txt,%,$(wildcard tests/peers/*.txt))

# NAME=value as an option, one for each of several values, or a switch.
option = $(if $(strip $($(1))),$(2) $($(1)))
options = $(foreach item,$($(1)),$(2) $(item))
switch = $(if $(filter-out 0,$(strip $($(1)))),$(2))

design = $(call options,FOLD,--fold) $(call option,BUDGET,--budget) \
    $(call option,MARGIN,--margin) $(call option,MESH,--mesh) $(call options,CUT,--cut) \
    $(call option,CORE_UPDATES,--core-updates) $(call option,CORE_KBITS,--core-kbits) \
    $(call switch,LOADABLE,--loadable) $(call option,COPIES,--copies)
load = $(call option,LOAD,--load)
# Files come first: options with several values would take them.
recordings = $(or $(strip $(FILES)),--dataset $(DATASET)) $(call option,CROP,--crop) \
    $(call option,DOWNSAMPLE,--downsample) $(call option,POLARITY,--polarity) \
    $(call option,WINDOW,--window)
workers = $(call option,JOBS,--jobs) $(call option,CLUSTER,--cluster)
network = $(or $(NETWORK),sw/pretrained/$(DATASET).safetensors)
trained = build/train/$(EXPERIMENT)/$(METHOD)-$(SEED)
large = build/large/$(LARGE)-$(BITS).safetensors
# Values that were given, not the ones here.
given = $(if $(filter-out file,$(origin $(1))),$($(1)))
fine_tuned = $(call given,EXPERIMENT) $(if $(call given,DATASET),--dataset $(DATASET))

.DEFAULT_GOAL := help
.PHONY: help env sim large rtl bitstream flash train study bench test test-long test-bitstream test-peers docs lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  NAME=value is the option --name value of the command behind it, NAME=1 the option'
	@echo '  --name: make sim SAMPLES=5 STALLS=1 BUDGET=64. DATASET is that of the network, EXPERIMENT'
	@echo '  that of the training. All commands and their options: .venv/bin/tickless --help, and'
	@echo '  .venv/bin/tickless COMMAND --help.'

env: $(READY) ## the environment in .venv

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
	    f"$(PYTHON) is Python {v[0]}.{v[1]}; Tickless needs 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)
	@echo 'installing into $(VENV) ...'
	@$(RUN) -m pip install --disable-pip-version-check $(PIP_OPTIONS) \
	    --constraint constraints.txt --editable '.[dev]' >$(LOG) 2>&1 || { cat $(LOG) >&2; exit 1; }
	@touch $@

sim: $(READY) ## stream recordings through the RTL and compare with the golden model
	@$(strip $(TICKLESS) sim $(recordings) $(call option,SAMPLES,--samples) --seed $(SEED) \
	    $(call option,NETWORK,--network) $(call option,ENGINE,--engine) $(call option,BATCH,--batch) \
	    $(call option,BESIDE,--beside) $(call switch,STALLS,--stalls) $(call option,SPLIT,--split) \
	    $(workers) $(call switch,WAVES,--waves) $(design) $(load))

large: $(READY) ## a network of millions of random weights through the RTL from SDRAM, in build/sim/large
	@mkdir -p $(dir $(large))
	@$(TICKLESS) untrained --dataset cifar10saccades --layers $(LARGE) --weight-bits $(BITS) \
	    --samples $(or $(SAMPLES),1) --spikes $(SPIKES) --seed $(SEED) --output $(large)
	@$(strip $(TICKLESS) sim --engine sdram --dataset cifar10saccades \
	    --samples $(or $(SAMPLES),1) --seed $(SEED) --network $(large) \
	    $(call option,BATCH,--batch) $(call option,BESIDE,--beside) $(workers) --output build/sim/large)

rtl: $(READY) ## Verilog and manifest of a network, in build/rtl/latest
	@$(strip $(TICKLESS) rtl $(network) $(design) $(load) $(call options,ACTIVITY,--activity) \
	    $(call option,PREFIX,--prefix) $(call option,WRAP,--wrap))

bitstream: $(READY) ## bitstream of a network for a board, in build/bitstream/latest
	@$(strip $(TICKLESS) bitstream $(network) --board $(BOARD) --seed $(SEED) $(design) \
	    $(call options,ACTIVITY,--activity) $(call option,LINK,--link) \
	    $(call option,ADDRESS,--address) $(call option,ENGINE,--engine) \
	    $(call option,STORED_EVENTS,--stored-events) \
	    $(call option,CLOCK_MHZ,--clock-mhz) $(call switch,SYSTEM_TOOLS,--system-tools))

flash: $(READY) ## load a board with the last bitstream built for it, by openFPGALoader
	@$(TICKLESS) flash $(network) --board $(BOARD)

train: $(READY) ## train a network and quantize it, in build/train; FROM=checkpoint to train further
ifneq ($(strip $(FROM)),)
	@$(strip $(TICKLESS) train $(fine_tuned) --from $(FROM) --set method=$(METHOD) --seed $(SEED))
else
	@$(TICKLESS) train $(EXPERIMENT) --set method=$(METHOD) --seed $(SEED) \
	    --output $(trained).checkpoint.safetensors
	@$(TICKLESS) quantize $(trained).checkpoint.safetensors --output $(trained).safetensors
endif

study: $(READY) ## train and compare the methods, in build/study/<experiment>; QUICK=1 for a taste
	@$(strip $(TICKLESS) study $(EXPERIMENT) $(workers) $(call switch,QUICK,--quick))

bench: $(READY) ## speed of engine, readers and simulation, area of the fabric
	@$(TICKLESS) bench engine
	@$(TICKLESS) bench decoding
	@$(TICKLESS) bench simulation --dataset $(DATASET)
	@$(TICKLESS) bench area

test: $(READY) ## the tests; BUSY=n beside n busy loops, as on a machine that others use, too
	@for _ in $$(seq $(BUSY)); do (while kill -0 $$$$; do :; done) 2>/dev/null & done; \
	$(RUN) -m pytest -n auto --dist worksteal -q -m "not long and not bitstream and not peers" $(TESTS)

test-long: $(READY) ## the tests, with the long regression and long bitstreams
	$(RUN) -m pytest -n auto -q -m "long or not (bitstream or peers)" $(TESTS)

test-bitstream: $(READY) ## small bitstreams for two boards, recordings through a netlist; the real tools
	$(RUN) -m pytest -q -m "bitstream and not long" $(TESTS)

test-peers: $(READY) $(PEERS:%=build/peers/%/ready) ## imported networks spike as in the framework that wrote them
	$(RUN) -m pytest -q -rP -m peers tests/peers

# An environment with a framework of its own, and with what the main one has and that lacks.
build/peers/%/ready: tests/peers/%.txt
	@$(RUN) -m venv build/peers/$*
	@echo 'installing into build/peers/$* ...'
	@build/peers/$*/bin/python -m pip install --disable-pip-version-check $(PIP_OPTIONS) --quiet \
	    --no-deps --requirement $<
	@$(RUN) -c 'import sys, sysconfig; path = sysconfig.get_path("purelib", vars={"base": sys.argv[1]}); \
	    open(f"{path}/main.pth", "w").write(sysconfig.get_path("purelib"))' build/peers/$*
	@touch $@

docs: $(READY) ## the site of all pages and modules, in build/docs; a warning is an error
	@$(RUN) -m sphinx --fail-on-warning --jobs auto --quiet -d build/doctrees docs build/docs
	@echo build/docs/index.html

lint: $(READY) ## format, lint, types, and who imports whom
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports --no-cache --no-logo

clean: ## remove what was built; the environment stays
	rm -rf build .pytest_cache .hypothesis
