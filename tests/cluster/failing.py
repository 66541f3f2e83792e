"""What errors are of, and say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest


def fails(act: Callable[[], object], *classes: type[BaseException], match: str) -> Any:
    """The error that ``act`` raises: of all these classes, with a text that matches over its lines."""
    with pytest.raises(classes[0]) as caught:
        act()
    for cls in classes:
        assert isinstance(caught.value, cls), type(caught.value).__mro__
    assert re.search(match, str(caught.value), re.DOTALL), str(caught.value)
    return caught.value
