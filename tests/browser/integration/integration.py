"""What the embedding page's worker runs: imports from our lock, the DOM, the tokenizer."""

import sys

import numpy as np
import tokenizers
from pyscript import document

import intab

squares = [int(square) for square in np.arange(3, 5) ** 2]
version = ".".join(map(str, sys.version_info[:2]))
document.querySelector("#ready").textContent = (
    f"{version} numpy {np.__version__} tokenizers {tokenizers.__version__} {squares}"
    f" intab {intab.__version__}"
)
