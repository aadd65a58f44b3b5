"""What a person reads about a run: values first, then one page, its rows as CSV, and JSON."""
