"""How a text holds its table: what parts the columns, the lines above them, the names. Found in its first lines; all of it can be given.

Tried on DuckDB's sniffer first: it misses white space, title lines, decimal commas, scikit-learn's first line and numbers for names.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from nnviz3d.engine.data.tables import affix
from nnviz3d.engine.data.tables.cells import decimal_of, missing, number
from nnviz3d.spec.scene import Data

SIGNS = {",": ",", ";": ";", "tab": "\t", "|": "|", "space": " "}
LINES = 200  # that are looked at
MANY_ROWS = 4  # that a line which describes the columns is distinguished from
DESCRIBED = 3  # such lines at most
HEAD = 4096  # characters of each that quotes are looked for in
ALIKE = 0.7  # share of lines that have the table's width
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?(?:[ T]\d{1,2}:\d{2}.{0,16})?|\d{1,2}:\d{2}(?::\d{2})?")
_DIGITS = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*")
MOSTLY = 0.9  # share of a column's cells that are numbers
_FAR = 3.0  # ranges of a column that a number above it must be away, to be a name


@dataclass(frozen=True)
class Dialect:
    """`first`: lines of cells (not empty ones) above the names or, without names, above the first row. `names`: "" where a column has none.

    `classes`: names of the classes 0, 1, ... of the last column where the file lists them, as scikit-learn's own do.
    """

    delimiter: str
    decimal: str
    header: bool
    first: int
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    target: int | None = None  # where the file itself marks it, as Orange's do
    quote: str = '"'
    between: int = 0  # lines of the names' types and roles, as Orange's have them, or that describe the columns
    units: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def body(self) -> int:
        """Lines of cells above the first row."""
        return self.first + self.header + self.between


def rows_of(lines: Iterable[str], delimiter: str, quote: str = '"', strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """(number of its last line from 1, cells with the spaces around them) of each row that has any. White space parts by any run of it."""
    if delimiter == "space":
        lines = (" ".join(line.split()) + "\n" if quote not in line else line.replace("\t", " ").strip() + "\n" for line in lines)
    reader = csv.reader(lines, delimiter=SIGNS[delimiter], quotechar=quote, strict=strict, skipinitialspace=delimiter == "space")
    for row in reader:
        if any(map(str.strip, row)):
            yield reader.line_num, row


def find(lines: list[str], data: Data) -> tuple[Dialect, int]:
    """The dialect of the first lines, and how many of them (0 or 1) only name the separator.

    Raises ValueError and csv.Error where there is no table.
    """
    said = re.fullmatch(r"\s*\"?sep=(.)\"?\s*", lines[0], re.IGNORECASE) if lines else None
    signs = {sign: name for name, sign in SIGNS.items()}
    forced = data.delimiter if data.delimiter != "auto" else signs.get(said[1], "auto") if said else "auto"
    head = lines[1 if said else 0 :]
    tried = [forced] if forced != "auto" else list(SIGNS)
    quote, found, failed = _quote(head), {}, None
    for delimiter in tried:
        try:
            found[delimiter] = [[cell.strip() for cell in row] for _, row in rows_of(head, delimiter, quote, strict=False)][:LINES]
        except csv.Error as error:
            failed = error
    if failed and not found:
        raise failed
    scores = {delimiter: _score(rows, delimiter) for delimiter, rows in found.items() if rows}
    if not scores:
        raise ValueError("is empty; expected rows of numbers")
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return replace(of_rows(found[best], best, data), quote=quote), 1 if said else 0


def of_rows(rows: list[list[str]], delimiter: str, data: Data) -> Dialect:
    """The rest of it, once the cells of the first lines are known."""
    if orange := _orange(rows, delimiter, data):
        return orange
    width = _width(rows)
    rows = [row[1:] if row[0] == "#" and len(row) == width + 1 else row for row in rows]  # numpy's savetxt
    classes, first = (), data.skip_lines
    if first < 0:
        first = _titles(rows, width)
        if len(rows) > first + 1 and _counts(rows[first], width):
            classes, first = tuple(word for word in rows[first][2:] if word), first + 1
    first = min(first, max(len(rows) - 1, 0))
    head, body = rows[first], [row for row in rows[first + 1 :] if len(row) == width]
    decimal = data.decimal
    if decimal == "auto":
        decimal = decimal_of([cell for row in body or [head] for cell in row], delimiter)
    header = data.header == "yes" or (data.header == "auto" and _is_header(head, body, decimal, data.target, width))
    names = list(head[:width]) if header else [""] * width
    if header and len(names) == width - 1 and _row_names(rows, first, width):
        names.insert(0, "")
    described = _described(rows[first + 1 :], width, decimal) if header else []
    units = described[0] if described and all(len(text) <= affix.WIDEST for text in described[0]) else ()
    units = tuple("" if text == "-" else text.strip("[]()") for text in units)
    padded = tuple(names + [""] * (width - len(names)))
    return Dialect(delimiter, decimal, header, first, padded, classes, between=len(described), units=units)


def _described(below: list[list[str]], width: int, decimal: str) -> list[list[str]]:
    """Lines right below the names that describe the columns: their units (s, degC, kPa), or what was asked, as surveys export it."""
    found: list[list[str]] = []
    while len(found) < DESCRIBED and len(below) > len(found) and _describes(below[len(found)], below[len(found) + 1 :], width, decimal):
        found.append(below[len(found)])
    return found


def _describes(line: list[str], below: list[list[str]], width: int, decimal: str) -> bool:
    """No number over columns of numbers, and nothing that comes again in its column."""
    below, said = [row for row in below if len(row) == width], 0
    if len(below) < MANY_ROWS or len(line) != width:
        return False
    for k, top in enumerate(line):
        cells = [row[k] for row in below if not missing(row[k])]
        if not cells or (top and top in cells):
            if cells or (top and missing(top)):
                return False
            continue
        if sum(number(cell, decimal) is not None for cell in cells) >= min(MOSTLY, (len(cells) - DESCRIBED + 1) / len(cells)):
            if _like_a_number(top) or (top and missing(top) and top != "-"):
                return False
            said += bool(top)
    return said >= 2 or said == width


def _quote(lines: list[str]) -> str:
    """What whole cells stand in: double quotes, or single ones where there are more of them."""
    count = {
        sign: sum(len(re.findall(rf"(?:^|[,;|\s]){sign}[^{sign}]*{sign}(?=[,;|\s]|$)", line[:HEAD])) for line in lines[:LINES])
        for sign in "'\""
    }
    return "'" if count["'"] > 1 and not count['"'] else '"'


def _width(rows: list[list[str]]) -> int:
    """That of most rows; of equally many, that of the first of them."""
    return Counter(map(len, rows)).most_common(1)[0][0]


def _score(rows: list[list[str]], delimiter: str) -> tuple[bool, float, int]:
    """How well rows look like a table: of one width, and made of numbers, dates and words without separators in them."""
    if not rows:
        return False, 0.0, 0
    width = _width(rows)
    same = [row for row in rows if len(row) == width]
    alike = len(same) / len(rows)
    if width < 2:
        return False, 0.0, 0
    cells = [cell for row in same[:60] for cell in row[:200]]
    decimal = decimal_of(cells, delimiter)
    good = sum(_quality(cell, decimal, delimiter) for cell in cells) / len(cells)
    return alike >= ALIKE, round(good * alike * (0.95 if delimiter == "space" else 1.0), 3), width


def _quality(cell: str, decimal: str, delimiter: str) -> float:
    if missing(cell):
        return 0.8
    if number(cell, decimal) is not None:
        return 1.0
    if any(sign in cell for sign in ",;|\t" if sign != SIGNS[delimiter]):
        return 0.2
    return 0.95 if _DATE.fullmatch(cell) else 0.7


def _titles(rows: list[list[str]], width: int) -> int:
    """Lines above the table: of another width, or with a text in their first cell alone."""
    for first, row in enumerate(rows[:-1]):
        alone = width > 2 and bool(row[0]) and not any(row[1:])
        longer = len(row) > width and not any(row[width:])  # separators at the end of the names only
        below = [each for each in rows[first + 1 :] if len(each) == width]
        shorter = 1 < len(row) < width and not any(any(each[len(row) :]) for each in below)  # or of the rows only
        if _counts(row, width) or (not alone and (len(row) == width or longer or shorter or _row_names(rows, first, width))):
            return first
    return 0


def _row_names(rows: list[list[str]], first: int, width: int) -> bool:
    """R's write.table: the names are one fewer than the cells, for the rows' own names have none."""
    below = rows[first + 1 : first + 4]
    full = bool(below) and all(len(each) == width and each[-1] for each in below)
    return full and 1 <= len(rows[first]) == width - 1 and any(_like_a_number(cell) for cell in below[0][1:])


def _counts(row: list[str], width: int) -> bool:
    """`150,4,setosa,versicolor,virginica`: rows, inputs and classes, as scikit-learn's own tables begin."""
    words = [word for word in row[2:] if word]
    sizes = len(words) > 1 and row[0].isdecimal() and row[1].isdecimal() and len(row[1]) < 9
    return sizes and int(row[1]) == width - 1 and all(number(word) is None and not missing(word) for word in words)


def _is_header(head: list[str], body: list[list[str]], decimal: str, target: str, width: int) -> bool:
    """Names stand above: a text over numbers, or a word that its own column never holds; also where the other names are numbers."""
    if target and not target.isdecimal() and target in head:
        return True
    if not body:
        return all(number(cell, decimal) is None and not missing(cell) for cell in head)
    if len(head) == width - 1 and any(row[-1] for row in body):
        head = ["", *head]
    words, over_numbers = 0, []
    for k, top in enumerate(head[:width]):
        below = [row[k] for row in body if not missing(row[k])]
        value = number(top, decimal)
        numbers = [found for cell in below if (found := number(cell, decimal)) is not None]
        if below and sum(map(_like_a_number, below)) >= MOSTLY * len(below):
            if value is None and not missing(top) and not _like_a_number(top):
                return True
            over_numbers.append((value, numbers or [0.0]))
        elif below and top:
            if top in below:
                return False
            words += len(set(below)) < len(below) and value is None and not _DATE.fullmatch(top)
    numeric = [(value, numbers) for value, numbers in over_numbers if value is not None]
    if not numeric:
        return words > 0
    return _are_names(numeric, words > 0)


def _are_names(numeric: list[tuple[float, list[float]]], words: bool) -> bool:
    """Whether the numbers in the first line are names: they count on, or lie far from what is below. Below a word they may be fewer."""
    tops = [value for value, _ in numeric]
    if any(value != int(value) for value in tops if abs(value) < 1e15) or len(set(tops)) < len(tops):
        return False
    counting = all(b - a == 1 for a, b in pairwise(tops))
    if counting and len(tops) >= 3 and (words or tops[0] in (0, 1)) and (words or len(tops) >= 4):
        return True
    far = all(abs(value - (max(below) + min(below)) / 2) > _FAR * (max(below) - min(below) or 1.0) for value, below in numeric)
    return words and far


def _like_a_number(text: str) -> bool:
    """A number, or digits with signs around them (12 %, $5, 1_000): a value that may not be understood, and no name."""
    bare, unit = affix.parted(text)
    return (
        number(text) is not None
        or (bool(unit) and number(bare) is not None)
        or (bool(_DIGITS.fullmatch(text)) and not _DATE.fullmatch(text))
    )


def _orange(rows: list[list[str]], delimiter: str, data: Data) -> Dialect | None:
    """Orange's three lines: names, types, roles. The class is the target; what is meta keeps its place and is judged like the rest."""
    if len(rows) < 4 or data.header == "no" or data.skip_lines >= 0:
        return None
    names, types, roles = rows[:3]
    known = {"c", "d", "s", "t", "continuous", "discrete", "string", "time", "basket", ""}
    described = all(each.lower() in known or " " in each for each in types) and any(each.lower() in known - {""} for each in types)
    known_roles = ("class", "meta", "ignore", "i", "c", "m", "multiclass")
    flagged = all(not each or "=" in each or each.split(" ")[0].lower() in known_roles for each in roles)
    if not (described and flagged and len(types) == len(names)):
        return None
    target = next((k for k, role in enumerate(roles) if role.lower().split(" ")[0] in ("class", "c")), None)
    decimal = "." if data.decimal == "auto" else data.decimal
    return Dialect(delimiter, decimal, True, 0, tuple(names), (), target, between=2)
