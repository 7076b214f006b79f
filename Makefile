# The one entry for people and CI. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PREFIX ?= /usr/local
RANKS ?= 2
KILLS ?= 200
SEED ?= 1

# Open MPI by default; `make test CRESCENDO_MPI=mpich` builds and runs the same sources with MPICH.
CRESCENDO_MPI ?= ompi-c
ifeq ($(CRESCENDO_MPI),mpich)
MPI_PACKAGE := libmpich-dev
LAUNCHER_PACKAGE := mpich
LAUNCHERS := mpiexec.mpich mpiexec
SCRATCH := .build-mpich
else
MPI_PACKAGE := libopenmpi-dev
LAUNCHER_PACKAGE := openmpi-bin
LAUNCHERS := mpirun.openmpi mpirun
SCRATCH := .build
endif
export CRESCENDO_MPI

# Looked up when used, which is after `deps`.
MPIRUN = $(firstword $(foreach name,$(LAUNCHERS),$(shell command -v $(name))) $(lastword $(LAUNCHERS)))

# mpirun as root (containers), and with more ranks than cores, needs to be asked for.
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
endif
export OMPI_MCA_rmaps_base_oversubscribe := 1
export OMPI_MCA_mpi_yield_when_idle := 1

SWIFT_BUILD := swift build --scratch-path $(SCRATCH)
RELEASE_BUILD := $(SWIFT_BUILD) -c release --static-swift-stdlib
# Nodes need no libyaml where there is an archive of it: `deps` writes here how to link that.
MODULES := $(CURDIR)/$(SCRATCH)/modules
export PKG_CONFIG_PATH := $(MODULES)$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))
BINARIES := $(SCRATCH)/release
PROGRAM := $(BINARIES)/crescendo

.PHONY: help deps build test test-cluster test-kills test-files fuzz demo fashion-mnist mnist bench bench-peers bench-balance bench-networks bench-latency bench-plan bench-scale paper example docs lint structure format install clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 23

deps: ## install missing Debian packages, saying which
	@CRESCENDO_MPI=$(CRESCENDO_MPI) .ci/install-missing $(MPI_PACKAGE) $(LAUNCHER_PACKAGE) $(LAUNCHERS)
	folder=$$(pkg-config --variable=pcfiledir yaml-0.1)
	if [ "$$folder" != $(MODULES) ] && [ -f "$$(pkg-config --variable=libdir yaml-0.1)/libyaml.a" ]; then
	    mkdir -p $(MODULES)
	    sed 's/-lyaml/-l:libyaml.a/' "$$folder/yaml-0.1.pc" > $(MODULES)/yaml-0.1.pc
	fi

build: deps ## build the program (release; it runs on nodes without Swift)
	@$(RELEASE_BUILD) --product crescendo

demo: build ## train on images of digits with RANKS=2 ranks
	@cd jobs/digits
	timeout 600 $(MPIRUN) -n $(RANKS) ../../$(PROGRAM) train --config config.yaml --output "$$(mktemp -d)/run"

fashion-mnist: build ## train a small CNN on images of clothes (Debian package dataset-fashion-mnist) with RANKS=2 ranks
	@dpkg -s dataset-fashion-mnist >/dev/null 2>&1 || {
	    echo "Installing the Debian package dataset-fashion-mnist"
	    as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo
	    $$as_root apt-get update -qq
	    $$as_root apt-get install -y -qq --no-install-recommends dataset-fashion-mnist >/dev/null
	}
	cd jobs/fashion-mnist
	$(MPIRUN) -n $(RANKS) ../../$(PROGRAM) train --config config.yaml $(TRAIN_OPTIONS)

mnist: build ## train the paper's network on MNIST (CRESCENDO_DATA=folder with its four files; an hour)
	@[ -n "$${CRESCENDO_DATA:-}" ] || { echo "Set CRESCENDO_DATA to the folder with train-images-idx3-ubyte.gz and the rest." >&2; exit 1; }
	data=$$(cd "$$CRESCENDO_DATA" && pwd)
	cd jobs/mnist
	$(MPIRUN) -n $(RANKS) ../../$(PROGRAM) train --config config.yaml "$$data/train-images-idx3-ubyte.gz" \
	    --test "$$data/t10k-images-idx3-ubyte.gz" $(TRAIN_OPTIONS)

test: deps ## build and run all tests, those of MPI at 1, 2, 3 and 4 ranks (FILTER=GemmTests: only these, on one)
	@# For their tests, which are skipped without them.
	/sbin/ldconfig -p 2>/dev/null | grep libhdf5 >/dev/null || .ci/install-missing --packages libhdf5-103-1 ||
	    echo "The HDF5 library is not here: its tests are skipped."
	CRESCENDO_PYTHON=$$(.ci/python-with-pyarrow) || echo "pyarrow is not here: the test of Parquet is skipped."
	export CRESCENDO_PYTHON
	$(SWIFT_BUILD) --build-tests
	if [ -n "$(FILTER)" ]; then
	    exec $(SCRATCH)/debug/crescendoPackageTests.xctest --testing-library swift-testing --filter "$(FILTER)" </dev/null
	fi
	SCRATCH=$(SCRATCH) MPIRUN=$(MPIRUN) .ci/run-tests

test-cluster: build ## run jobs on a Slurm cluster of six hosts made on this machine (root; at most ten minutes)
	@PROGRAM=$(PROGRAM) timeout -k 20 600 Tests/Cluster/run

test-kills: build ## kill KILLS=200 runs at random moments, and as many starts, alone and racing (half an hour)
	@PROGRAM=$(PROGRAM) MPIRUN=$(MPIRUN) Tests/Kills/run $(KILLS) $(SEED)
	PROGRAM=$(PROGRAM) MPIRUN=$(MPIRUN) Tests/Kills/starts $(KILLS) $(SEED)

fuzz: deps ## change files and have them read (FUZZ_OPTIONS='--readers "npz idx" --runs 100000 --seconds 60')
	@CRESCENDO_FUZZ=1 swift build -c release --scratch-path .build-fuzz --product reader-fuzzer \
	    --sanitize address --sanitize fuzzer -Xswiftc -enable-testing 2>&1 | { grep -v 'gold: warning' || true; }
	Tests/Fuzz/run .build-fuzz/release/reader-fuzzer $(FUZZ_OPTIONS)

test-files: build ## check the files of a run with validators from Debian (python3-jsonschema, tidy)
	@PROGRAM=$(PROGRAM) MPIRUN=$(MPIRUN) .ci/check-files

bench: build ## measure this machine and this build (CRESCENDO_DATA=folder adds covtype)
	@$(RELEASE_BUILD) --product kernel-benchmark
	$(RELEASE_BUILD) --product loading-benchmark
	$(RELEASE_BUILD) --product convergence
	MPIRUN=$(MPIRUN) Benchmarks/run $(BINARIES)

bench-peers: build ## measure other programs beside this one (CRESCENDO_DATA=folder with the data; half an hour)
	@$(RELEASE_BUILD) --product convergence
	MPIRUN=$(MPIRUN) Benchmarks/Peers/run $(BINARIES) $(PEERS_OPTIONS)

bench-balance: build ## throughput when one of four ranks has half the processor time (root; two minutes)
	@MPIRUN=$(MPIRUN) Benchmarks/Balance/run $(BINARIES)

bench-networks: build ## training steps of networks beside PyTorch (CRESCENDO_DATA=MNIST's folder adds accuracy)
	@$(RELEASE_BUILD) --product network-benchmark
	MPIRUN=$(MPIRUN) Benchmarks/Networks/run steps $(BINARIES) $(PEERS_OPTIONS)
	[ -z "$${CRESCENDO_DATA:-}" ] ||
	    MPIRUN=$(MPIRUN) Benchmarks/Networks/run accuracy $(BINARIES) --task mnist --data "$$CRESCENDO_DATA"

bench-scale: build ## how costs grow with rows, columns, classes and ranks (SCALE_OPTIONS=--quick: a tenth of the rows)
	@$(RELEASE_BUILD) --product scale-benchmark
	MPIRUN=$(MPIRUN) Benchmarks/Scale/run $(BINARIES) $(SCALE_OPTIONS)

bench-latency: build ## growing batches beside small ones with latency between hosts (root; CRESCENDO_DATA=folder with covtype)
	@[ -n "$${CRESCENDO_DATA:-}" ] || { echo "Set CRESCENDO_DATA to the folder with covtype.binary.scale.libsvm.gz." >&2; exit 1; }
	$(RELEASE_BUILD) --product convergence
	$(RELEASE_BUILD) --product latency-switch
	Benchmarks/Latency/run $(BINARIES)

bench-plan: build ## predictions of `crescendo plan` beside what is measured (root; CRESCENDO_DATA=folder with covtype)
	@[ -n "$${CRESCENDO_DATA:-}" ] || { echo "Set CRESCENDO_DATA to the folder with covtype.binary.scale.libsvm.gz." >&2; exit 1; }
	$(RELEASE_BUILD) --product latency-switch
	Benchmarks/Plan/run $(BINARIES)

paper: build ## reproduce the paper's convex figure on covtype (CRESCENDO_DATA=folder with the data)
	@[ -n "$${CRESCENDO_DATA:-}" ] || { echo "Set CRESCENDO_DATA to the folder with covtype.binary.scale.libsvm.gz." >&2; exit 1; }
	$(RELEASE_BUILD) --product paper-figure
	mkdir -p Benchmarks/results
	$(MPIRUN) -n $(RANKS) $(BINARIES)/paper-figure --data "$$CRESCENDO_DATA/covtype.binary.scale.libsvm.gz" $(PAPER_OPTIONS)

example: ## build and run a package that uses Crescendo as a library, with a loss and a step rule of its own
	cd Documentation/Example && swift build && ./sample > .build/sample.csv && $(MPIRUN) -n 2 .build/debug/quantile .build/sample.csv y

docs: ## write the library's documentation to .build/docs (python3 -m http.server -d .build/docs shows it)
	mkdir -p .build/symbols/graphs
	swift build --scratch-path .build/symbols --target BigBatch -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc $(CURDIR)/.build/symbols/graphs
	find .build/symbols/graphs -name '*.json' ! -name 'BigBatch*' -delete
	docc convert Sources/BigBatch/BigBatch.docc --additional-symbol-graph-dir .build/symbols/graphs --fallback-display-name BigBatch \
	    --fallback-bundle-identifier crescendo.BigBatch --transform-for-static-hosting --output-path .build/docs

lint: ## check the format
	@swift format lint --strict --recursive Package.swift Sources Tests Benchmarks Documentation/Example/Sources

structure: ## check imports, lengths of files, and that no many files need each other
	@swift .ci/structure.swift

format: ## mend the format
	@swift format --in-place --recursive Package.swift Sources Tests Benchmarks Documentation/Example/Sources

install: build ## copy the program to PREFIX=/usr/local, with shell completions
	@install -D -m 755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/crescendo"
	complete() {
	    mkdir -p "$(DESTDIR)$(PREFIX)/share/$$2"
	    $(PROGRAM) --generate-completion-script $$1 > "$(DESTDIR)$(PREFIX)/share/$$2/$$3"
	}
	complete bash bash-completion/completions crescendo
	complete zsh zsh/site-functions _crescendo
	complete fish fish/vendor_completions.d crescendo.fish

clean: ## remove what was built
	@rm -rf .build .build-*
