"""What can go wrong while wheels are built.

BuildError
├── MissingTool   a program is not installed and cannot be installed from here
├── HashMismatch  a downloaded or kept file is not the one the recipe names
└── StepFailed    a command of the build ended with an error
"""

from __future__ import annotations


class BuildError(Exception):
    """A wheel could not be built; the message says what to do next."""


class MissingTool(BuildError):
    """A program is not installed and cannot be installed from here."""


class HashMismatch(BuildError):
    """A file is not the one that the recipe names."""


class StepFailed(BuildError):
    """A command of the build ended with an error."""
