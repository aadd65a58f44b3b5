"""Stage one: both systems into canonical tables, with what is complete and what is not."""
