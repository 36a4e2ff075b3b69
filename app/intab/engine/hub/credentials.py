"""Names and passwords in addresses: an address goes into records, exports and messages."""

from __future__ import annotations

import re

from intab.errors import OptionError

# Browsers take backslashes for slashes, and any number of either, after a scheme none at all too.
_WITH_SCHEME = r"(?:https?|ftp|file):[/\\]*"
_WITHOUT = r"[/\\]{2,}"
_FOUND = re.compile(rf"\s*(?:{_WITH_SCHEME}|{_WITHOUT})[^/\\?#]*@", re.IGNORECASE)


def check_credentials(address: str, what: str, instead: str) -> None:
    """OptionError, which does not show it, for an address with a name or a password in it.

    >>> check_credentials("https://host/me@home/", "an address", "")
    """
    if _FOUND.match(address):
        raise OptionError(f"A name and password in {what} are refused: {instead}.")
