"""Benchmarks: ratios against a peer or a plain scan in the same run, never a timed test."""
