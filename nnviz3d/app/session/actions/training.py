"""Play, pause, step, reset, undo, samples, rewinding: what is done to the run."""

from __future__ import annotations

from nnviz3d.app.session.actions.occasion import Occasion


def _pause(at: Occasion, _value) -> None:
    at.session.running = False


def _step(at: Occasion, _value) -> None:
    at.session.running = False
    at.session.single_step()


def _new_seed(at: Occasion, _value) -> None:
    at.session.reset((at.session.scene.train.seed * 1_103_515_245 + 12_345) % 2**31)


def _shuffle_sample(at: Occasion, _value) -> None:
    sample = at.session.source.sample
    at.session.show_next(1 + (sample.index * 7919 + 104_729) % max(sample.count - 1, 1))


def _wrong(by: int):
    def run(at: Occasion, _value) -> None:
        why = at.session.show_wrong(by)
        if why:
            at.say(why)

    return run


def _browse_cell(at: Occasion, value) -> None:
    """`value` (i, j): show the next sample of class i that the counted network took for class j."""
    session = at.session
    truth, said = (int(k) for k in value)
    found = session.confusion.find(truth, said, session.source.sample.index)
    if found is not None:
        session.leave_walk()
        session.show_sample(found)


def _back_and_forth(forth: bool):
    def run(at: Occasion, _value) -> None:
        there = at.session.history.elsewhere(forth)
        if there is not None and at.go_elsewhere is not None:
            at.go_elsewhere(there, forth)
        elif forth:
            at.session.redo()
        else:
            at.session.undo()

    return run


def _dismiss(at: Occasion, _value) -> None:
    at.session.banner = ""


ACTIONS = {
    "play": lambda at, _value: at.session.play(),
    "pause": _pause,
    "step": _step,
    "move": lambda at, value: at.session.move(*value),
    "reset": lambda at, _value: at.session.reset(),
    "new_seed": _new_seed,
    "undo": _back_and_forth(False),
    "redo": _back_and_forth(True),
    "next_sample": lambda at, _value: at.session.show_next(1),
    "previous_sample": lambda at, _value: at.session.show_next(-1),
    "shuffle_sample": _shuffle_sample,
    "samples": lambda at, value: at.session.browser.ask(value),
    "show_sample": lambda at, value: at.session.show_sample(int(value)),
    "draw": lambda at, value: at.session.own.draw(value),
    "show_picture": lambda at, value: at.session.own.picture(value),
    "prompt": lambda at, value: at.session.prompt.write(value),
    "add_token": lambda at, value: at.session.prompt.add(int(value)),
    "next_wrong": _wrong(1),
    "previous_wrong": _wrong(-1),
    "rewind": lambda at, value: at.session.rewind(int(value)),
    "dismiss": _dismiss,
    "browse_cell": _browse_cell,
}
