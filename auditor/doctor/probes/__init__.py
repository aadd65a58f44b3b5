"""The probes, one file per area; a module-level `Probe` is found without being listed anywhere."""
