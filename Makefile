# The one entry for people and CI. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PREFIX ?= /usr/local
RANKS ?= 2

# Open MPI by default; `make test CRESCENDO_MPI=mpich` builds and runs the same sources with MPICH.
CRESCENDO_MPI ?= ompi-c
ifeq ($(CRESCENDO_MPI),mpich)
PACKAGES := libmpich-dev mpich zlib1g-dev pkg-config
MPIRUN := mpiexec.mpich
SCRATCH := .build-mpich
else
PACKAGES := libopenmpi-dev openmpi-bin zlib1g-dev pkg-config
MPIRUN := mpirun.openmpi
SCRATCH := .build
endif
export CRESCENDO_MPI

# mpirun as root (containers), and with more ranks than cores, needs to be asked for.
ifeq ($(shell id -u),0)
export OMPI_ALLOW_RUN_AS_ROOT := 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM := 1
endif
export OMPI_MCA_rmaps_base_oversubscribe := 1
export OMPI_MCA_mpi_yield_when_idle := 1

SWIFT_BUILD := swift build --scratch-path $(SCRATCH)
PROGRAM := $(SCRATCH)/release/crescendo

.PHONY: help deps build test demo bench paper lint format install clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

deps: ## install missing Debian packages, saying which
	@missing=""
	for package in $(PACKAGES); do
	    dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"
	done
	[ -n "$$missing" ] || exit 0
	echo "Installing Debian packages:$$missing"
	as_root=""; [ "$$(id -u)" = 0 ] || as_root=sudo
	$$as_root apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $$missing >/dev/null

build: deps ## build the program (release, runs on nodes without Swift)
	@$(SWIFT_BUILD) -c release --static-swift-stdlib --product crescendo

demo: build ## train on the digits data with $(RANKS) ranks
	@cd jobs/digits && timeout 600 $(MPIRUN) -n $(RANKS) ../../$(PROGRAM) train --config config.yaml --output "$$(mktemp -d)/run"

test: deps ## build and run all tests, the MPI ones at 1, 2, 3 and 4 ranks
	@$(SWIFT_BUILD) --build-tests
	SCRATCH=$(SCRATCH) MPIRUN=$(MPIRUN) .ci/run-tests

bench: build ## measure this machine and this build
	@Benchmarks/run $(PROGRAM)

paper: build ## reproduce the paper's convex figure on covertype (CRESCENDO_DATA=folder with the data)
	@Benchmarks/paper $(PROGRAM)

lint: ## check the format
	@swift format lint --strict --recursive Package.swift Sources Tests

format: ## mend the format
	@swift format --in-place --recursive Package.swift Sources Tests

install: build ## copy the program to $(PREFIX)/bin, with shell completions
	@install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/crescendo
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(PROGRAM) --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/crescendo

clean: ## remove what was built
	@rm -rf .build .build-*
