"""Corrections: what was found is put right, once, and everything that was sent is written down."""
