"""Play, pause, step, reset, undo, samples, rewinding: what is done to the run."""

from __future__ import annotations

from nnviz3d.app.session import navigation
from nnviz3d.app.session.session import Session


def _play(session: Session, _value: None) -> None:
    session.play()


def _pause(session: Session, _value: None) -> None:
    session.running = False


def _step(session: Session, _value: None) -> None:
    session.running = False
    session.single_step()


def _move(session: Session, value: tuple[str, int]) -> None:
    navigation.move(session, *value)


def _rewind(session: Session, value: int) -> None:
    session.rewind(int(value))


def _reset(session: Session, _value: None) -> None:
    session.reset()


def _new_seed(session: Session, _value: None) -> None:
    session.reset((session.scene.train.seed * 1_103_515_245 + 12_345) % 2**31)


def _undo(session: Session, _value: None) -> None:
    session.undo()


def _redo(session: Session, _value: None) -> None:
    session.redo()


def _next_sample(session: Session, _value: None) -> None:
    session.show_next(1)


def _previous_sample(session: Session, _value: None) -> None:
    session.show_next(-1)


def _shuffle_sample(session: Session, _value: None) -> None:
    sample = session.source.sample
    session.show_next(1 + (sample.index * 7919 + 104_729) % max(sample.count - 1, 1))


def _show_sample(session: Session, value: int) -> None:
    session.show_sample(int(value))


def _next_wrong(session: Session, _value: None) -> str | None:
    """Tells why none is shown."""
    return session.show_wrong(1)


def _previous_wrong(session: Session, _value: None) -> str | None:
    return session.show_wrong(-1)


def _samples(session: Session, value) -> None:
    session.browser.ask(value)


def _browse_cell(session: Session, value: tuple[int, int]) -> None:
    """`value` (i, j): show the next sample of class i that the counted network took for class j."""
    truth, said = (int(k) for k in value)
    found = session.confusion.find(truth, said, session.source.sample.index)
    if found is not None:
        session.leave_walk()
        session.show_sample(found)


def _dismiss(session: Session, _value: None) -> None:
    session.banner = ""


ACTIONS = {
    "play": _play,
    "pause": _pause,
    "step": _step,
    "move": _move,
    "rewind": _rewind,
    "reset": _reset,
    "new_seed": _new_seed,
    "undo": _undo,
    "redo": _redo,
    "next_sample": _next_sample,
    "previous_sample": _previous_sample,
    "shuffle_sample": _shuffle_sample,
    "show_sample": _show_sample,
    "next_wrong": _next_wrong,
    "previous_wrong": _previous_wrong,
    "samples": _samples,
    "browse_cell": _browse_cell,
    "dismiss": _dismiss,
}
