"""The exception tree. Every message says what is wrong and what to do next.

    IntabError
    ├── LoadError                 a model could not be loaded
    │   ├── ModelNotFoundError    nothing at that name or address
    │   ├── DownloadError         the bytes did not arrive, or not as expected
    │   │   ├── TemporaryError    the network or the server failed; trying again may help
    │   │   ├── PolicyError       the page's own policy allows no request there
    │   │   └── DamagedError      the bytes are not the expected ones, or changed on the way
    │   ├── StorageError          the place where models are kept is full, refused or not there
    │   ├── ManifestError         a description file (config.json, intab.json ...) is not valid
    │   ├── UnsupportedModelError the architecture or the graph is not one we can run
    │   └── DeviceError           the runtime or device cannot run it here
    ├── ConvertError              a checkpoint cannot be converted
    ├── OptionError (ValueError)  an unknown option, or a value out of range
    ├── ProgramError              a user's program asked for what a page cannot give
    ├── PromptError (ValueError)  the prompt cannot be used
    │   ├── EmptyPromptError
    │   ├── ContextLengthError    longer than the model's context
    │   └── ChatTemplateError     no chat template, or it failed on these messages
    └── RunError                  the runtime failed during a generation
        └── ModelClosedError      the model was closed

In brackets: the parent in Python's own tree.
"""


class IntabError(Exception):
    """Whatever intab raises on purpose."""


class LoadError(IntabError):
    """A model could not be loaded."""


class ModelNotFoundError(LoadError):
    """There is no model at that name or address."""


class DownloadError(LoadError):
    """The bytes did not arrive, or are not the expected ones."""


class TemporaryError(DownloadError):
    """The network or the server failed; `retry_after` is how many seconds the server asked for."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PolicyError(DownloadError):
    """The page's Content-Security-Policy allows no request there; asking again is of no use."""


class DamagedError(DownloadError):
    """The bytes are not the expected ones, or the file changed while it was on its way."""


class StorageError(LoadError):
    """The place where models are kept is full, was refused, or is not there."""


class ManifestError(LoadError):
    """A description file of the model is missing a key or is not valid."""


class UnsupportedModelError(LoadError):
    """The architecture, or the graph's inputs and outputs, cannot be run."""


class DeviceError(LoadError):
    """This runtime or device cannot run the model."""


class ConvertError(IntabError):
    """A checkpoint, or what is to be made of it, cannot be converted."""


class OptionError(IntabError, ValueError):
    """An option is unknown, out of range, or would have no effect."""


class ProgramError(IntabError):
    """A user's program asked for what a page cannot give."""


class PromptError(IntabError, ValueError):
    """The prompt cannot be used."""


class EmptyPromptError(PromptError):
    """The prompt has no tokens."""


class ContextLengthError(PromptError):
    """The prompt is longer than the model's context."""


class ChatTemplateError(PromptError):
    """The model has no chat template, or it refused these messages."""


class RunError(IntabError):
    """The runtime failed while it computed."""


class ModelClosedError(RunError):
    """The model was closed; load it again."""
