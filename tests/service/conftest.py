"""What the tests of commands use, for the service's own."""

from tests.cli.conftest import call, commands

__all__ = ["call", "commands"]
