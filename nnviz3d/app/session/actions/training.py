"""Play, pause, step, reset, undo, samples, rewinding: what is done to the run."""

from __future__ import annotations


def _pause(loop, _value) -> None:
    loop.session.running = False


def _step(loop, _value) -> None:
    loop.session.running = False
    loop.session.single_step()


def _new_seed(loop, _value) -> None:
    loop.session.reset((loop.session.scene.train.seed * 1_103_515_245 + 12_345) % 2**31)


def _shuffle_sample(loop, _value) -> None:
    sample = loop.session.source.sample
    loop.session.show_next(1 + (sample.index * 7919 + 104_729) % max(sample.count - 1, 1))


def _wrong(by: int):
    def run(loop, _value) -> None:
        why = loop.session.show_wrong(by)
        if why:
            loop.say(why)

    return run


def _browse_cell(loop, value) -> None:
    """`value` (i, j): show the next sample of class i that the counted network took for class j."""
    session = loop.session
    truth, said = (int(k) for k in value)
    found = session.confusion.find(truth, said, session.source.sample.index)
    if found is not None:
        session.leave_walk()
        session.show_sample(found)


def _back_and_forth(forth: bool):
    def run(loop, _value) -> None:
        there = loop.session.history.elsewhere(forth)
        if there is not None:
            loop.go_elsewhere(there, forth)
        elif forth:
            loop.session.redo()
        else:
            loop.session.undo()

    return run


def _dismiss(loop, _value) -> None:
    loop.session.banner = ""


ACTIONS = {
    "play": lambda loop, _value: loop.session.play(),
    "pause": _pause,
    "step": _step,
    "move": lambda loop, value: loop.session.move(*value),
    "reset": lambda loop, _value: loop.session.reset(),
    "new_seed": _new_seed,
    "undo": _back_and_forth(False),
    "redo": _back_and_forth(True),
    "next_sample": lambda loop, _value: loop.session.show_next(1),
    "previous_sample": lambda loop, _value: loop.session.show_next(-1),
    "shuffle_sample": _shuffle_sample,
    "samples": lambda loop, value: loop.session.browser.ask(value),
    "show_sample": lambda loop, value: loop.session.show_sample(int(value)),
    "next_wrong": _wrong(1),
    "previous_wrong": _wrong(-1),
    "rewind": lambda loop, value: loop.session.rewind(int(value)),
    "dismiss": _dismiss,
    "browse_cell": _browse_cell,
}
