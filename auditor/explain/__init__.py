"""One key explained: what both systems hold, when it changed, and which terms decided the verdicts.

Reads the warehouse as the last run left it and writes nothing.
"""
