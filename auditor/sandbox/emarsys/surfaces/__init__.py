"""The endpoints, one module per surface; `app` lists them."""
