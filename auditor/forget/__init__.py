"""Erases a person from everything that the auditor itself keeps, and proves it by looking again."""
