"""Helpers of scripts/compare, strace-counts, perf-compare, pair-instructions and run."""
