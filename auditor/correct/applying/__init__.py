"""From an approved plan to receipts: rails, writers, and the journal that survives a crash."""
