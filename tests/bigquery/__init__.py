"""BigQuery as a warehouse, against a server of our own that speaks its REST API."""
