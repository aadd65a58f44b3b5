"""An open auditor that keeps Centra and Emarsys telling the same truth."""

__version__ = "0.1.0"
