"""The form of a table's question: how it is read, which column is learned, and one row for each column with its use, its gaps and why."""

from __future__ import annotations

from typing import Any

from imgui_bundle import imgui

from nnviz3d.spec.column_settings import ColumnFacts
from nnviz3d.spec.dialogs import Columns, Question
from nnviz3d.spec.scene import Data
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.choices import words
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import combo, dim, elide, small, tip

TASKS = words(Data.model_fields["task"].annotation)
BY_CONTENT = {"auto": "detected"}
HEADERS = {**BY_CONTENT, "yes": "yes", "no": "no"}
SIGNS = {"auto": "found", ",": "comma", ";": "semicolon", "|": "bar |", "tab": "tab", "space": "white space"}
DECIMALS = {"auto": "found", ".": "point", ",": "comma"}
ENCODINGS = words(Data.model_fields["encoding"].annotation)
USES = {"number": "number", "words": "words", "date": "date, time", "leave_out": "leave out"}
GAPS = {"skip": "skip rows", "mean": "mean", "most_frequent": "most frequent", "own_class": "own class"}
_OF = {"number": ("number", "words"), "date": ("date", "words"), "words": ("words",), "empty": ()}
_GAPS_OF = {"words": ("skip", "most_frequent", "own_class")}
OFFERED = 500  # columns in the list of targets
LEAST = 3  # rows that are seen in the smallest window
_PIXELS, _PIXELS_NARROW = {"Use": 106, "Gaps": 124}, {"Use": 94, "Gaps": 102}
_WIDE, _NARROW = {"Column": 1.1, "Holds": 1.5, "Why": 2.4}, {"Column": 1.0, "Holds": 1.3, "Why": 1.2}  # shares of the rest
_BAD = theme.packed(theme.BAD)
_HINTS = {
    "Target": "The column that the network learns to predict from the others. Words and a few different whole numbers are treated as "
    "classes.",
    "Task": "Classification assigns a class; regression predicts a number.",
    "Separator": "The character that separates the columns.",
    "Encoding": "The character encoding of the file. Files from Windows that are not UTF-8 are usually cp1252.",
    "Decimals": "The decimal separator; the other sign may separate thousands.",
    "Header row": "Whether the first line contains the column names.",
    "Use": "number: as it is. words: one input of 0 or 1 for each value (one-hot). date, time: seconds, and sine and cosine of month, "
    "weekday, hour.",
    "Gaps": "What to do about missing values: skip the row, fill the gap, or mark it with an extra input.",
}


class ColumnsForm:
    """Remembers what was chosen for each column, also while the table is read in another way."""

    def __init__(self):
        self._chosen: dict[str, dict[str, str]] = {}
        self._task, self._standardize = "auto", False

    def start(self, q: Columns, before: Question | None) -> None:
        if isinstance(before, Columns) and before.file == q.file:
            return
        self._chosen = {key: dict(column) for key, column in q.settings.get("columns", {}).items()}
        self._task, self._standardize = q.settings.get("task", "auto"), q.settings.get("standardize", False)

    def draw(self, f: Frame, q: Columns, foot: float) -> None:
        """`foot`: pixels that are needed below."""
        settings = self._settings(f, q)
        if settings is not None:
            f.do("columns", {**q.settings, **self._columns(q, False), **settings})
        for text, colour in ((q.note, theme.packed(theme.DIM)), (q.problem, _BAD)):
            if text:
                small(f, text, colour, wrap=True)
        self._rows(f, q, foot)
        some = "" if q.table.whole else " examined (suggestions that you keep are checked on all rows)"
        message = f"{q.table.rows:,} rows{some}, {len(q.table.columns):,} columns"
        small(f, elide("; ".join((message, *q.table.notes)), imgui.get_content_region_avail().x))

    def answer(self, q: Columns) -> dict[str, Any]:
        """Keys of `data`; of the columns all that is not plain."""
        return {**q.settings, "task": self._task, "standardize": self._standardize, **self._columns(q, True)}

    def _columns(self, q: Columns, settled: bool) -> dict[str, dict]:
        """`settled`: suggestions too, so that what is learned from does not depend on them later; where not all rows were looked at, all
        rows will settle them.
        """
        found = {key: dict(column) for key, column in self._chosen.items()}
        for column in q.table.columns if settled and q.table.whole else ():
            if not column.target and (column.use != "number" or column.gaps or column.why):
                mine = found.setdefault(column.key, {})
                mine.setdefault("use", column.use)
                if column.gaps and mine["use"] == column.use:
                    mine.setdefault("gaps", column.gaps)
        known = {column.key for column in q.table.columns if not column.target}
        return {"columns": {key: column for key, column in found.items() if key in known and column}}

    # ------------------------------------------------------------ how it is read

    def _settings(self, f: Frame, q: Columns) -> dict[str, str] | None:
        """Two settings a line; what was changed so that the table must be looked at again."""
        table, changed = q.table, None
        if not imgui.begin_table("##settings", 2, imgui.TableFlags_.sizing_stretch_same):
            return None
        offered = sorted({*range(min(len(table.columns), OFFERED)), table.target})
        names = {str(k): _name(k, table.columns[k]) for k in offered}
        picked = _labelled(f, "Target", "target", str(table.target), tuple(names), names)
        if picked is not None and int(picked) != table.target:
            changed = {"target": table.columns[int(picked)].key}
        self._task = _labelled(f, "Task", "task", self._task, TASKS, BY_CONTENT) or self._task
        wanted = {key: q.settings.get(key, "auto") for key in ("delimiter", "encoding", "decimal", "header")}
        rows = []
        if table.kind == "text":
            signs = SIGNS | {"auto": f"{SIGNS.get(table.delimiter, table.delimiter)} (found)"}
            rows = [("Separator", "delimiter", signs), ("Encoding", "encoding", {"auto": f"{table.encoding} (found)"})]
        if table.kind != "Parquet":
            decimals = DECIMALS | {"auto": f"{DECIMALS[table.decimal]} (found)"}
            rows += [
                ("Decimals", "decimal", decimals),
                ("Header row", "header", HEADERS | {"auto": f"{'yes' if table.header else 'no'} (found)"}),
            ]
        for text, key, names in rows:
            options = ENCODINGS if key == "encoding" else tuple(names)
            picked = _labelled(f, text, key, wanted[key], options, names)
            if picked is not None and picked != wanted[key]:
                changed = {key: picked}
        imgui.end_table()
        self._standardize = imgui.checkbox("Standardise inputs##standardize", self._standardize)[1]
        tip(f, "Shift and scale each input to mean 0 and standard deviation 1: recommended for nearly all tables.")
        return changed

    # ------------------------------------------------------------ one row a column

    def _rows(self, f: Frame, q: Columns, foot: float) -> None:
        columns, height = q.table.columns, imgui.get_frame_height_with_spacing()
        room = f.height - f.px(24) - imgui.get_cursor_pos_y() - foot
        tall = max(min((len(columns) + 1) * height + f.px(2), room), (LEAST + 1) * height)
        heads = ["Column", "Holds", "Use", *(["Gaps"] if any(column.missing for column in columns) else []), "Why"]
        T = imgui.TableFlags_
        flags = T.scroll_y | T.row_bg | T.borders_inner_h | T.sizing_stretch_prop
        if not imgui.begin_table("##columns", len(heads), flags, imgui.ImVec2(0, tall)):
            return
        imgui.table_setup_scroll_freeze(0, 1)
        for text in heads:
            if text in _PIXELS:
                pixels = (_PIXELS_NARROW if f.narrow else _PIXELS)[text]
                imgui.table_setup_column(text, imgui.TableColumnFlags_.width_fixed, f.px(pixels))
            else:
                imgui.table_setup_column(text, imgui.TableColumnFlags_.width_stretch, (_NARROW if f.narrow else _WIDE)[text])
        imgui.table_next_row()
        for text in heads:
            imgui.table_next_column()
            small(f, text)
            tip(f, _HINTS.get(text, ""))
        clipper = imgui.ListClipper()
        clipper.begin(len(columns), height)
        while clipper.step():
            for k in range(clipper.display_start, clipper.display_end):
                imgui.push_id(k)
                self._row(f, k, columns[k], "Gaps" in heads)
                imgui.pop_id()
        imgui.end_table()

    def _row(self, f: Frame, k: int, column: ColumnFacts, gaps: bool) -> None:
        mine = self._chosen.get(column.key, {})
        use = mine.get("use", column.use)
        imgui.table_next_row(0, imgui.get_frame_height_with_spacing())
        imgui.table_next_column()
        name = _name(k, column)
        _cell(f, name, theme.ACCENT if column.target else theme.DIM if use == "leave_out" else theme.TEXT, name)
        imgui.table_next_column()
        example = f", e.g. {column.example}" if column.example else ""
        _cell(f, column.holds + example, theme.DIM, column.holds + example)
        imgui.table_next_column()
        if column.target:
            _cell(f, "target", theme.ACCENT, "")
        else:
            self._use(column, use)
        if gaps:
            imgui.table_next_column()
            if column.missing and column.target:
                _cell(f, "skip rows", theme.DIM, "Rows without a target cannot be used for training.")
            elif column.missing and use != "leave_out":
                self._gaps(column, use, mine)
        imgui.table_next_column()
        why = column.why if use == column.use else "as you chose"
        if why:
            _cell(f, why, theme.DIM, why)

    def _use(self, column: ColumnFacts, use: str) -> None:
        imgui.set_next_item_width(-1)
        picked = combo(f"##use {column.key}", use, tuple(dict.fromkeys((*_OF[column.kind], "leave_out", use))), USES)
        if picked is not None and picked != use:
            self._chosen[column.key] = {"use": picked}

    def _gaps(self, column: ColumnFacts, use: str, mine: dict[str, str]) -> None:
        options = _GAPS_OF.get(use, tuple(GAPS))
        gaps = mine.get("gaps", column.gaps if use == column.use else "own_class" if use == "words" else "skip")
        imgui.set_next_item_width(-1)
        picked = combo(f"##gaps {column.key}", gaps, options, GAPS)
        if picked is not None and picked != gaps:
            self._chosen[column.key] = {"use": use, **mine, "gaps": picked}


def _labelled(f: Frame, text: str, ident: str, value: str, options, names: dict[str, str]) -> str | None:
    imgui.table_next_column()
    imgui.align_text_to_frame_padding()
    dim(text)
    imgui.same_line(f.px(106))
    imgui.set_next_item_width(-1)
    picked = combo(f"##{ident}", value, options, names)
    tip(f, _HINTS[text])
    return picked


def _cell(f: Frame, text: str, colour: str, whole: str) -> None:
    """A line of text, cut to the cell; all of it under the pointer where it was cut."""
    shown = elide(text, imgui.get_content_region_avail().x)
    imgui.align_text_to_frame_padding()
    imgui.push_style_color(imgui.Col_.text, theme.packed(colour))
    imgui.text_unformatted(shown)
    imgui.pop_style_color()
    tip(f, whole if shown != text or whole != text else "")


def _name(k: int, column: ColumnFacts) -> str:
    return column.name or f"column {k}"
