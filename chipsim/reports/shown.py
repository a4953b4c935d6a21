"""Values that show themselves: as text on a terminal, and in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class Shown(ABC):
    """What a verb gives: the text that it prints, and the plain values that it prints as JSON."""

    @abstractmethod
    def text(self) -> str:
        """The value as lines of text."""

    @abstractmethod
    def as_dict(self) -> Mapping[str, Any]:
        """The value as plain values."""

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        """The value in a notebook."""
        from html import escape

        return f"<pre>{escape(self.text())}</pre>"
