# Each target is a script; read the first lines of scripts/NAME for what it does.
# C programs are built by scripts/build-bench, Rust by cargo.

.PHONY: help run bench bench-full test test-long soak header bench-c peers setup clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

run: ## build, then two programs under every allocator in one table
	scripts/run

bench: ## the newest allocators on the rows of the quick form, below 10 minutes: out/bench-report
	scripts/bench

bench-full: ## every allocator on every row: docs/benchmarks.md
	scripts/bench --full

test: ## everything CI runs
	scripts/test

test-long: ## what takes longer than CI may
	scripts/test-long

soak: ## the rows of docs/reliability.md for MINUTES=n, over and over
	scripts/reliability --soak $(or $(MINUTES),10)

header: ## generate include/hakmem.h again
	scripts/make-header

bench-c: ## build the benchmarks into out/bench
	scripts/build-bench

peers: ## the newest allocators to compare with, into peers/lib
	scripts/peers

setup: ## install what is missing
	scripts/setup

clean: ## remove what was built
	scripts/clean
