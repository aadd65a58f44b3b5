"""Emarsys, the marketing system: its core API and its Open Data views, for reading."""
