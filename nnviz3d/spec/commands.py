"""The registry of commands: what a person can do that is not a change of the scene (that is an edit).

A row says all that other parts have to know of a command; what it does is its handler of the same name in `app.session.actions` (where
a session is enough, so that a session log can do it again) or `app.window.actions`. `tests/spec/test_commands.py` proves that every
command has a handler, a key or a control, and a rule for session logs; `docs/commands.md` is this table for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from nnviz3d.spec import limits, strokes
from nnviz3d.spec.value_checks import Check, far, identity, many, nothing, number, one_of, row, text, truth, whole

Log = Literal["as it is", "as an edit", "as the sample shown", "as what is seen", "never"]
"""How a session log keeps a command. What is seen: where the camera is, what is picked and pointed at, the size of the window."""


@dataclass(frozen=True)
class CommandKind:
    """One command.

    `words`: what it does; `value`: what it is given, in words, "" for nothing. `check`: what that may be in a session log, for those
    that are kept as they are. `keys`: name of a key in `key_bindings` -> the value that this key gives; `may_follow`: names of keys
    that mean this command in some states and another in others (`ui.hud.hotkeys` decides).
    """

    name: str
    words: str
    value: str = ""
    check: Check | None = None
    log: Log = "as it is"
    keys: Mapping[str, Any] = field(default_factory=dict)
    may_follow: tuple[str, ...] = ()
    settles: bool = True  # half a training step is finished before a session log keeps it; those that leave the run alone need not
    by_hand: bool = False  # changes the network: a log keeps the time and whether a drag goes on, by which the undo list joins edits
    looks: bool = False  # leaves the network as it is: in a tour nothing has to be put back
    moves_walk: bool = False  # to another place inside the iteration
    leaves_tour: bool = False


def _kept(name: str, words: str, value: str = "", check: Check = nothing, **more: Any) -> CommandKind:
    return CommandKind(name, words, value, check, **more)


def _not_kept(name: str, words: str, value: str = "", log: Log = "never", **more: Any) -> CommandKind:
    return CommandKind(name, words, value, log=log, **more)


CAMERAS = ("three_quarter", "front", "side", "top", "input", "output")  # in the order of the keys 1 to 6
PROMPT = 20_000  # characters of a prompt
_MOMENT = one_of("A", "B")
_HOLD = row(many(identity, limits.UNITS * 4), truth)

_ROWS = (
    _kept("play", "Train.", may_follow=("play",)),
    _kept("pause", "Stop training.", may_follow=("play",)),
    _kept("step", "Train one step.", may_follow=("step_on",)),
    _kept("reset", "Begin the run again with the same first weights.", keys={"reset": None}),
    _kept("new_seed", "Begin the run again with other first weights.", keys={"new_seed": None}),
    _kept("undo", "Take the last change back.", keys={"undo": None}),
    _kept("redo", "Make a change again that was taken back.", keys={"redo": None}),
    _kept("next_sample", "Show the next sample.", keys={"next_sample": None}, settles=False),
    _kept("previous_sample", "Show the previous sample.", keys={"previous_sample": None}, settles=False),
    _kept("shuffle_sample", "Show another sample at random.", settles=False),
    _kept("dismiss", "Close the message.", may_follow=("escape",), settles=False, looks=True),
    _kept("walk", "Walk through one training step.", keys={"walk": None}),
    _kept("walk_leave", "End the walk; its step is finished.", may_follow=("escape",)),
    _kept("release", "No neuron is frozen or killed any more.", by_hand=True),
    _kept("show_sample", "Show a sample.", "its number", whole(-(10**9), 10**9), settles=False),
    _kept("draw", "Show a drawing, or with no strokes the sample of the data again.", "strokes: [[width, erase, [x, y, ...]], ...]",
          strokes.drawing, settles=False),
    _kept("show_picture", "Show a picture of one's own.", "the ink of each cell, two hexadecimal digits each", strokes.pixels,
          settles=False),
    _kept("prompt", "Show a prompt of one's own, or with an empty text the sample of the data again.", "its text",
          text(PROMPT, least=0), settles=False),
    _kept("add_token", "Add a token to the prompt.", "its number in the vocabulary", whole(0, limits.UNITS), settles=False),
    _kept("rewind", "Go to a step of the past.", "its number", whole(0, limits.STEPS), may_follow=("first", "last")),
    _kept(
        "move", "Go on or back by one.", "[of what: phase, layer, sample, step or epoch; 1 or -1]",
        row(one_of("phase", "layer", "sample", "step", "epoch"), one_of(1, -1)),
        keys={
            "move_back": ("step", -1), "move_on": ("step", 1), "epoch_back": ("epoch", -1), "epoch_on": ("epoch", 1),
        },
        may_follow=("step_back", "layer_back", "layer_on"),
    ),
    _kept("walk_to", "Go to a place of the walk.", "phases from its beginning", number(0, 1e6), may_follow=("first", "last"),
          looks=True, moves_walk=True),
    _kept("walk_by", "Go on in the walk, or back.", "phases", whole(-(10**4), 10**4), may_follow=("step_back", "step_on"),
          looks=True, moves_walk=True),
    _kept("walk_play", "Let the walk go on, or hold it.", "true or false", truth, may_follow=("play",), looks=True),
    _kept("walk_speed", "Set the speed of the walk.", "phases a second", number(0, 1e6), may_follow=("slower", "faster"), looks=True),
    _kept("walk_loop", "What happens at the end of the walk.", "stop, again or on", one_of("stop", "again", "on"),
          may_follow=("walk_loop",), looks=True),
    _kept("walk_gradient", "Show the gradient of the batch, or of the sample.", "true or false", truth, may_follow=("walk_gradient",),
          looks=True),
    _kept("keep_moment", "Keep the run as it is now.", "A or B", _MOMENT, keys={"keep_A": "A", "keep_B": "B"}),
    _kept("enter_moment", "Go back to a kept moment.", "A or B", _MOMENT, keys={"enter_A": "A", "enter_B": "B"}),
    _kept("show_moment", "Look at a kept moment.", "A, B, B - A, or an empty text for now", one_of("", "A", "B", "B - A"),
          may_follow=("show_moment", "escape"), settles=False),
    _kept("set_parameter", "Set a weight or a bias.", "[parameter, value]", row(identity, far), by_hand=True),
    _kept("prune", "Set the smallest weights to 0.", "[layer, -1 for all; share]", row(identity, number(0, 1)), by_hand=True),
    _kept("freeze", "Freeze neurons, or release them.", "[[neurons], true or false]", _HOLD, by_hand=True),
    _kept("kill", "Kill neurons, or release them.", "[[neurons], true or false]", _HOLD, by_hand=True),
    _kept("check", "Compare a gradient with the loss itself.", "the parameter", identity, settles=False, looks=True),
    _not_kept("next_wrong", "Show the next wrong answer.", log="as the sample shown", keys={"next_wrong": None}),
    _not_kept("previous_wrong", "Show the previous wrong answer.", log="as the sample shown", keys={"previous_wrong": None}),
    _not_kept("browse_cell", "Show the next sample of a cell of the confusion matrix.", "[class, answer]", "as the sample shown"),
    _not_kept("camera", "Fly to a place.", ", ".join(CAMERAS), "as an edit",
              keys={f"camera_{k}": name for k, name in enumerate(CAMERAS, 1)}, looks=True),
    _not_kept("open_part", "Open a part of the network that is a slab, and what is around it.", "its name", "as an edit", looks=True),
    _not_kept("close_part", "Close a part of the network: it becomes a slab.", "its name", "as an edit", looks=True),
    _not_kept("fly_to", "Fly to a layer or part, opening what it is in.", "its name", "as an edit", looks=True),
    _not_kept("fly_out", "Fly out by a level; from the whole network, close a part.", log="as an edit", keys={"fly_out": None}, looks=True),
    _not_kept("look_at", "Move the camera to a place of the map.", "[share of the width, of the height]", "as what is seen", looks=True),
    _not_kept("fit", "Fly to where the whole network is seen.", log="as what is seen", keys={"fit": None}, looks=True),
    _not_kept("pick", "Pick a neuron, or none.", "the neuron", "as what is seen", may_follow=("escape",), looks=True),
    _not_kept("choose", "Look at a weight or bias, or at none.", "the parameter", "as what is seen", may_follow=("escape",), looks=True),
    _not_kept("choose_layer", "Look at a layer, or at none.", "its number", "as what is seen", looks=True),
    _not_kept("fullscreen", "Full screen, or a window again.", log="as what is seen", keys={"fullscreen": None}, looks=True),
    _not_kept("samples", "List samples in the panel.", "which", looks=True),
    _not_kept("screenshot", "Save a picture.", "the name of a size, or nothing for that of the window",
              keys={"screenshot": None, "screenshot_4K": "4K"}, looks=True),
    _not_kept("capture", "Film the window, or end the film.", "stage for a film without panels",
              keys={"capture": None, "capture_stage": "stage"}, looks=True),
    _not_kept("save_timeline", "Save the session as a timeline.", keys={"save_timeline": None}),
    _not_kept("save", "Save the scene.", keys={"save": None}),
    _not_kept("save_as", "Save the scene under another name.", keys={"save_as": None}),
    _not_kept("open", "Open a scene.", "its path or name", leaves_tour=True),
    _not_kept("open_file", "Choose a file and open it.", "data for a table", keys={"open_file": None}, leaves_tour=True),
    _not_kept("open_picture", "Choose a picture and show it to the network."),
    _not_kept("export", "Export the network.", "weights, scene, numpy, torch or checkpoint"),
    _not_kept("answer", "Answer a question of the program.", "the answer"),
    _not_kept("browse", "Choose a file in a question.", "where to begin"),
    _not_kept("columns", "Open the question of what a table's columns are for."),
    _not_kept("tour", "Begin the guided tour, or go on in it.", "a place of it, or next, back, restart, close", keys={"tour": None},
              looks=True),
    _not_kept("tour_language", "Set the language of the tour.", "en, de, ...", looks=True),
    _not_kept("setting", "Set one of a person's own settings.", "[name, value]", looks=True),
    _not_kept("quit", "Leave the program.", leaves_tour=True),
)  # fmt: skip

COMMANDS = {kind.name: kind for kind in _ROWS}
if TYPE_CHECKING:  # a Literal made of a table is known at run time only
    CommandName = str
else:
    CommandName = Literal[tuple(COMMANDS)]
