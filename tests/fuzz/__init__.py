"""Hostile input: every parser of outside text, what it may raise, and how it is attacked."""
