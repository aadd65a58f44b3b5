"""One writer per kind of request: how its target is read, and how it is sent."""
