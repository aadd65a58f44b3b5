"""Stage two: who is who on both sides, and one row per check and subject that differs.

One module per topic; each fills its tables from one set-based select. `run.py` knows their order.
"""
