"""What can go wrong while wheels are built.

BuildError
├── MissingToolError    a program is not installed and cannot be installed from here
├── HashMismatchError   a downloaded or kept file is not the one the recipe names
└── StepFailedError     a command of the build ended with an error
"""

from __future__ import annotations


class BuildError(Exception):
    """A wheel could not be built; the message says what to do next."""


class MissingToolError(BuildError):
    """A program is not installed and cannot be installed from here."""


class HashMismatchError(BuildError):
    """A file is not the one that the recipe names."""


class StepFailedError(BuildError):
    """A command of the build ended with an error."""
