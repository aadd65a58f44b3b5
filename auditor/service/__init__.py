"""The scheduled service: audits, sweeps and corrections of some brands, at the times of their settings."""
