"""The question over everything else: save first, which file, which column. Answers with the command `answer`; None leaves all as it is."""

from __future__ import annotations

from imgui_bundle import icons_fontawesome_6 as fa
from imgui_bundle import imgui

from nnviz3d.spec.dialogs import Arrays, Columns, Question, SaveFirst, SaveRun, Which
from nnviz3d.ui.core import theme
from nnviz3d.ui.core.context import Frame
from nnviz3d.ui.core.widgets import combo, dim, elide, small, tip
from nnviz3d.ui.dialogs.table_question import ColumnsForm

_W, _K = imgui.WindowFlags_, imgui.Key
_FLAGS = _W.no_title_bar | _W.no_resize | _W.no_move | _W.no_saved_settings | _W.always_auto_resize
_ARRAYS = {
    "inputs_array": "The input of the network: the first axis is the sample, the others are the axes of one sample.",
    "target_array": "What it learns to predict for each sample: numbers, or the names or indices of classes.",
}
_BAD = theme.packed(theme.BAD)
WIDTHS = {SaveFirst: 520, SaveRun: 520, Which: 580, Columns: 1060, Arrays: 520}


class Ask:
    """Remembers what is being typed or chosen until it is answered. One per overlay."""

    def __init__(self):
        self._of: Question | None = None
        self._text = ""
        self._picked: dict[str, str] = {}  # of arrays
        self._form = ColumnsForm()

    def draw(self, f: Frame) -> None:
        question = f.readout.question
        if question is not self._of:
            self._start(question)
        if question is None:
            return
        if not imgui.is_popup_open("##ask"):
            imgui.open_popup("##ask")
        imgui.set_next_window_pos(imgui.ImVec2(f.width / 2, f.height / 2), imgui.Cond_.always, imgui.ImVec2(0.5, 0.5))
        width = min(f.px(WIDTHS[type(question)]), f.width - f.px(8))
        imgui.set_next_window_size_constraints(imgui.ImVec2(width, 0), imgui.ImVec2(width, max(f.height - f.px(8), 1)))
        imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(f.px(22), f.px(18)))
        shown = imgui.begin_popup_modal("##ask", None, _FLAGS)[0]
        imgui.pop_style_var()
        if not shown:
            return
        if isinstance(question, SaveFirst):
            self._save_first(f, question)
        elif isinstance(question, SaveRun):
            self._save_run(f, question)
        elif isinstance(question, Which):
            self._which(f, question)
        elif isinstance(question, Arrays):
            self._arrays(f, question)
        else:
            self._columns(f, question)
        if imgui.is_key_pressed(_K.escape, False):
            f.do("answer", None)
        imgui.end_popup()

    def _start(self, question: Question | None) -> None:
        if type(question) is not type(self._of) and imgui.is_popup_open("", imgui.PopupFlags_.any_popup):
            imgui.internal.close_popup_to_level(0, True)
        if isinstance(question, Which):
            self._text = question.name
        if isinstance(question, Columns):
            self._form.start(question, self._of)
        if isinstance(question, Arrays):
            self._picked = {"inputs_array": question.inputs, "target_array": question.target}
        self._of = question

    # ------------------------------------------------------------ the questions

    def _save_first(self, f: Frame, q: SaveFirst) -> None:
        _title(f, "Save your changes?")
        imgui.push_text_wrap_pos(0)
        dim(f"“{q.scene[:200]}” has changes that are not saved. To {q.doing[:200]} without saving them loses them.")
        imgui.pop_text_wrap_pos()
        answer = _buttons(f, ("Save", "save"), ("Do not save", "discard"), ("Cancel", None))
        if answer is not ...:
            f.do("answer", answer)

    def _save_run(self, f: Frame, q: SaveRun) -> None:
        _title(f, "Save the training?")
        imgui.push_text_wrap_pos(0)
        time = f"{round(q.seconds / 60):,} minutes of training, to step {q.step:,}, are" if q.seconds < 5400 else (
            f"{q.seconds / 3600:,.1f} hours of training, to step {q.step:,}, are"
        )  # fmt: skip
        dim(f"{time} not saved. A checkpoint keeps everything: training continues from it with exactly the same numbers.")
        imgui.pop_text_wrap_pos()
        answer = _buttons(f, ("Save …", "save"), ("Do not save", "discard"), ("Cancel", None))
        if answer is not ...:
            f.do("answer", answer)

    def _which(self, f: Frame, q: Which) -> None:
        _title(f, q.title)
        width = imgui.get_content_region_avail().x
        small(f, elide(q.folder, width))
        height = min(f.px(300), max(f.height - f.px(250), f.px(40)))
        if imgui.begin_child("##files", imgui.ImVec2(0, height), imgui.ChildFlags_.borders):
            if imgui.selectable(f"{fa.ICON_FA_ARROW_UP}   parent folder", False)[0]:
                f.do("browse", "..")
            for name, is_folder in q.entries:
                icon = fa.ICON_FA_FOLDER if is_folder else fa.ICON_FA_FILE
                if imgui.selectable(f"{icon}   {elide(name, width - f.px(80))}##{name}", name == self._text)[0]:
                    self._take(f, q, name, is_folder)
            if q.left_out:
                dim(f"and {q.left_out:,} more; type the name")
            if not q.entries:
                dim("No matching files here.")
        imgui.end_child()
        imgui.align_text_to_frame_padding()
        dim("Name")
        imgui.same_line(0, f.px(12))
        imgui.set_next_item_width(-1)
        if imgui.is_window_appearing():
            imgui.set_keyboard_focus_here()
        entered, self._text = imgui.input_text("##name", self._text, imgui.InputTextFlags_.enter_returns_true)
        tip(f, "A name in this folder, or a full path.")
        if q.problem:
            imgui.push_text_wrap_pos(0)
            small(f, q.problem[:600], _BAD)
            imgui.pop_text_wrap_pos()
        answer = _buttons(f, (q.action, True), ("Cancel", None))
        if entered or answer is True:
            f.do("answer", self._text)
        elif answer is None:
            f.do("answer", None)

    def _take(self, f: Frame, q: Which, name: str, is_folder: bool) -> None:
        """A click chooses a file, a second one on the same takes it; folders open."""
        if is_folder:
            f.do("browse", name)
        elif self._text == name and q.action == "Open":
            f.do("answer", name)
        else:
            self._text = name

    def _columns(self, f: Frame, q: Columns) -> None:
        _title(f, "Which column should the network predict, and from which others?")
        small(f, elide(q.file, imgui.get_content_region_avail().x))
        self._form.draw(f, q, f.px(34 + 16 + 18 + 26))
        answer = _buttons(f, ("Use this data", True), ("Cancel", None))
        if answer is True:
            f.do("answer", self._form.answer(q))
        elif answer is None:
            f.do("answer", None)

    def _arrays(self, f: Frame, q: Arrays) -> None:
        _title(f, "Which array holds the inputs, and which the targets?")
        small(f, elide(q.file, imgui.get_content_region_avail().x))
        names = {key: f"{key}   {holds}" for key, holds in q.arrays}
        for text, key in (("Inputs", "inputs_array"), ("Target", "target_array")):
            imgui.align_text_to_frame_padding()
            dim(text)
            imgui.same_line(f.px(106))
            imgui.set_next_item_width(-1)
            self._picked[key] = combo(f"##{key}", self._picked[key], tuple(names), names) or self._picked[key]
            tip(f, _ARRAYS[key])
        if q.problem:
            imgui.push_text_wrap_pos(0)
            small(f, q.problem, _BAD)
            imgui.pop_text_wrap_pos()
        answer = _buttons(f, ("Use this data", True), ("Cancel", None))
        if answer is True:
            f.do("answer", dict(self._picked))
        elif answer is None:
            f.do("answer", None)


def _title(f: Frame, text: str) -> None:
    imgui.push_font(f.fonts.bold, theme.LARGE)
    imgui.text_unformatted(elide(text, imgui.get_content_region_avail().x))
    imgui.pop_font()
    imgui.dummy(imgui.ImVec2(0, f.px(2)))


def _buttons(f: Frame, *choices: tuple[str, object]):
    """A row of buttons from the right; the first is meant by Enter. The value of the one that was pressed, or `...`."""
    imgui.dummy(imgui.ImVec2(0, f.px(8)))
    pad, gap = f.px(18), f.px(8)
    widths = [imgui.calc_text_size(text).x + 2 * pad for text, _ in choices]
    start = imgui.get_cursor_pos_x() + max(imgui.get_content_region_avail().x - sum(widths) - gap * (len(widths) - 1), 0)
    imgui.set_cursor_pos_x(start)
    pressed: object = ...
    for k, (text, value) in enumerate(choices):
        if k:
            imgui.same_line(0, gap)
        else:
            imgui.push_style_color(imgui.Col_.button, theme.packed(theme.ACCENT, 0.92))
            imgui.push_style_color(imgui.Col_.button_hovered, theme.packed(theme.ACCENT))
            imgui.push_style_color(imgui.Col_.text, theme.packed(theme.ON_ACCENT))
        if imgui.button(text, imgui.ImVec2(widths[k], f.px(34))):
            pressed = value
        if not k:
            imgui.pop_style_color(3)
    if pressed is ... and imgui.is_key_pressed(_K.enter, False) and not imgui.get_io().want_text_input and not imgui.is_any_item_focused():
        pressed = choices[0][1]
    return pressed
