"""Everything that the auditor may change in Emarsys, and the lock that nothing else gets through."""
