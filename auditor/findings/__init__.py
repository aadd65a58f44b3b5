"""Stage four: what the checks left becomes findings that keep their identity from run to run."""
