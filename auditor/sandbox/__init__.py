"""Two faithful systems on loopback, and the worlds that fill them."""
