"""A table in lines for people: how it was read, one line a column, what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

from nnviz3d.spec.column_settings import ColumnFacts

SHOWN = 60  # columns
WIDEST = 28  # letters of a name
SEPARATORS = {"tab": "tabs", "space": "white space"}


def lines(facts: dict[str, Any]) -> list[str]:
    """Of what `inspect` found."""
    table, found = facts["table"], facts.get("summary")
    columns = table["columns"]
    out = [f"{facts['file']}: {found or '{:,} rows, {:,} columns'.format(table['rows'], len(columns))}", f"  {dialect(table)}"]
    width = max(len(name(k, column)) for k, column in enumerate(columns[:SHOWN]))
    shown = columns[:SHOWN]
    if not any(column["target"] for column in shown):
        shown = [*shown[:-1], columns[table["target"]]]
    for column in shown:
        k = columns.index(column)
        out.append(f"  {name(k, column):<{width}}  {holds(column):<44}  {becomes(column)}".rstrip())
    if len(columns) > len(shown):
        out.append(f"  and {len(columns) - len(shown):,} more columns (--json has them all)")
    notes = dict.fromkeys((*table["notes"], *facts.get("notes", ())))
    out += [f"  note: {note}" for note in notes if not note.startswith("left out: ")]  # the columns' lines say so
    if names := facts.get("outputs", ()):
        out.append(f"  outputs: {', '.join(map(quoted, names[:20]))}{' ...' if len(names) > 20 else ''}")
    return [*out, *(f"  cannot be learned: {problem}" for problem in facts.get("problems", ()))]


def dialect(table: dict[str, Any]) -> str:
    """`text in utf-8, parted by ";", decimal comma, names in line 3`."""
    parts = [table["kind"] if table["kind"] != "text" else f"text in {table['encoding']}"]
    if sign := table["delimiter"]:
        parts.append(f"columns separated by {SEPARATORS.get(sign, json.dumps(sign))}")
    if table["sheet"]:
        parts.append(f"sheet {json.dumps(table['sheet'], ensure_ascii=False)}")
    if table["kind"] != "Parquet":
        parts.append("decimal comma" if table["decimal"] == "," else "decimal point")
        above = f" below {table['skip_lines']:,} other line{'' if table['skip_lines'] == 1 else 's'}" if table["skip_lines"] else ""
        parts.append(f"header row{above}" if table["header"] else f"no header row{above}")
    return ", ".join(parts)


def name(k: int, column: dict[str, Any]) -> str:
    return quoted(short(column["name"], WIDEST)) if column["name"] else f"(column {k})"


def holds(column: dict[str, Any]) -> str:
    """`3 words, 11 gaps, e.g. Adelie`."""
    example = f", e.g. {quoted(short(column['example'], 24))}" if column["kind"] != "empty" else ""
    return ColumnFacts(**column).holds + example


def becomes(column: dict[str, Any]) -> str:
    use = "target" if column["target"] else column["use"].replace("_", " ")
    return f"{use:<9}  {column['why']}"


def short(text: str, width: int) -> str:
    """Cut in the middle: names often differ at their ends."""
    return text if len(text) <= width else f"{text[: width // 2]}…{text[len(text) - (width - width // 2 - 1) :]}"


def quoted(text: str) -> str:
    """In quotes where it holds what parts a list, or what cannot be seen: an end of a line would end the list."""
    odd = not text or text != text.strip() or not text.isprintable() or set(text) & set(',;"')
    return json.dumps(text, ensure_ascii=False) if odd else text
