"""Backtests: a stored run judged again, under the present expectations and the present code."""
