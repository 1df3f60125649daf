"""Rows that came back. It asks no interface by itself."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from . import json
from .failure import assertion


class Row:
    """One row."""

    def __init__(self, rows: Any, columns: list[Any], index: int) -> None:
        self._rows = rows
        self._columns = columns
        self._index = index

    def text(self, label: str) -> str | None:
        """A value by its column's label, as text; `None` is NULL. Fails with `step.assertion` when there is no such column."""
        return self._rows.cell(self._index, self._column(label))

    def bytes(self, label: str) -> builtins.bytes | None:
        """A value of kind `bytes`, or the bytes of any other's text; `None` is NULL."""
        return self._rows.cell_bytes(self._index, self._column(label))

    def get(self, label: str) -> Any:
        """A value by its column's label and kind: `boolean`, `integer`, `decimal` and `float` as `bool`, `int`, `Decimal` and `float`, `bytes` as bytes, `json` as what
        it says; all others are their text, and `None` is NULL."""
        text = self.text(label)
        if text is None:
            return None
        kind = self._columns[self._column(label)].kind
        if kind == "bytes":
            return self.bytes(label)
        reads: dict[str, Callable[[str], Any]] = {
            "boolean": lambda text: text == "true",
            "integer": int,
            "decimal": Decimal,
            "float": float,
            "json": lambda text: json.read(f"column `{label}`", text),
        }
        return reads.get(kind, str)(text)

    def _column(self, label: str) -> int:
        found = next((index for index, column in enumerate(self._columns) if column.label == label), None)
        if found is None:
            raise assertion(f"there is no column `{label}`")
        return found


class Rows:
    """Rows, behind a handle of the host."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self._columns = rows.columns()

    def columns(self) -> list[Any]:
        """The columns, in the order of the statement: `label`, `kind` (the form of its values), `declared` (the server's own name for its type)."""
        return self._columns

    def __len__(self) -> int:
        """How many rows there are."""
        return self._rows.count()

    def __iter__(self) -> Iterator[Row]:
        """Each row."""
        return (Row(self._rows, self._columns, index) for index in range(len(self)))

    def truncated(self) -> bool:
        """Whether rows were left out by `limit_rows`."""
        return self._rows.truncated()

    def one(self) -> Row:
        """The only row. Fails with `step.assertion` when there are more or none."""
        if len(self) != 1:
            raise assertion(f"{len(self)} rows came back, expected one")
        return Row(self._rows, self._columns, 0)

    def value(self) -> Any:
        """The first value of the only row."""
        row = self.one()
        return row.get(self._columns[0].label if self._columns else "")
