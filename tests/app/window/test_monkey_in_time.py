"""A monkey that goes back and forth in time: whatever it does, one step leads to the next to the byte, and curves are of this run alone."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nnviz3d.app.session import checkpoint_resume, scene_files
from nnviz3d.app.session.actions import ACTIONS
from nnviz3d.app.session.actions.occasion import Occasion
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.session.session import REMEMBER, Session
from nnviz3d.engine.trainer import Trainer
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from tests.helpers.runs import whole

ACTS, LOOK_EVERY = 120, 12


class Monkey:
    """Does one thing after another to a session, at a clock of its own."""

    def __init__(self, seed: int, session: Session, folder):
        self.random, self.session, self.folder = random.Random(seed), session, folder
        self.now = 0.0
        self.reported = []

    def do(self, name: str, value=None) -> None:
        self.now += 1.0
        self.reported.append((name, value))
        ACTIONS[name](Occasion(self.session, self.now), value)

    def act(self) -> None:
        pick, s = self.random, self.session
        name = pick.choice([name for name in dir(self) if name.startswith("a_")])
        self.reported.append(name)
        try:
            getattr(self, name)(pick, s)
        except InputError as error:  # a banner
            s.banner = str(error)

    def a_train(self, pick, s):
        s.play()
        for _ in range(pick.randint(1, 4)):
            left = iter(range(pick.randint(0, 40)))
            s.advance(1 / 30, lambda left=left: next(left, None) is not None)
        if pick.random() < 0.5:
            s.running = False

    a_train_more = a_train_on = a_train

    def a_rest(self, pick, s):
        s.running = False
        for _ in range(3):
            s.advance(0.3, lambda: True)

    def a_rewind(self, pick, s):
        newest = s.source.history.newest
        self.do("rewind", pick.choice((0, newest, newest + 5, -3, pick.randint(0, newest), s.source.step - 1)))

    a_rewind_again = a_back = a_rewind

    def a_move(self, pick, s):
        self.do("move", (pick.choice(("step", "step", "epoch", "phase", "layer", "sample")), pick.choice((-1, 1))))

    a_move_again = a_move

    def a_walk(self, pick, s):
        self.do("walk")
        if pick.random() < 0.5:
            self.do("walk_by", 1)
            s.advance(0.2, lambda: True)
        if pick.random() < 0.6:
            self.do("walk_leave")

    def a_live(self, pick, s):
        values = {"learning_rate": pick.uniform(0.0005, 0.02), "l2": pick.choice((0.0, 0.001)), "clip_norm": pick.choice((0.0, 1.0))}
        key = pick.choice(list(values))
        s.apply([Edit(f"train.{key}", values[key])], self.now, pick.random() < 0.3)

    a_live_again = a_live

    def a_batch(self, pick, s):
        s.apply([Edit("train.batch", pick.choice((7, 10, 16)))])

    def a_weight(self, pick, s):
        self.do("set_parameter", (pick.randrange(s.source.topology.n_parameters), pick.uniform(-1, 1)))

    def a_hold(self, pick, s):
        hidden = s.source.topology.nodes[1].neurons
        neuron = pick.randrange(hidden.start, hidden.stop)
        self.do(*pick.choice((("freeze", ([neuron], True)), ("kill", ([neuron], True)), ("release", None))))

    def a_moment(self, pick, s):
        self.do(pick.choice(("keep_moment", "enter_moment", "enter_moment", "show_moment")), pick.choice("AB"))

    a_moment_again = a_moment

    def a_begin_anew(self, pick, s):
        self.do(pick.choice(("reset", "new_seed")))

    def a_undo(self, pick, s):
        for _ in range(pick.randint(1, 3)):
            self.do(pick.choice(("undo", "undo", "redo")))

    a_undo_again = a_undo

    def a_network(self, pick, s):
        path, value = pick.choice((
            ("network.layers", [{"units": pick.randint(2, 5), "dropout": pick.choice((0.0, 0.2))} for _ in range(pick.randint(1, 3))]),
            ("data.noise", pick.choice((0.0, 0.1))),
            ("train.optimizer", pick.choice(("adam", "momentum", "sgd"))),
            ("compare", pick.choice(({}, {}, {"train.learning_rate": 0.002}))),
        ))  # fmt: skip
        s.apply([Edit(path, value)])

    def a_checkpoint(self, pick, s):
        path = self.folder / "kept.safetensors"
        if pick.random() < 0.5 or not path.exists():
            scene_files.checkpoint(s, path)
        elif checkpoint_resume.fits(s, checkpoint_resume.find(path)):
            scene_files.load_weights(s, path)


def check(s: Session, pick: random.Random) -> None:
    """From the first remembered step to the last: each leads to the next, and points of the curves are where the run came by."""
    s.leave_walk()
    s.settle()
    for source, curves in [(s.source, s.curves)] + ([(s.second.source, s.second.curves)] if s.second else []):
        charts = curves.charts
        assert (np.diff(charts.train_step) > 0).all() and (np.diff(charts.test_step) > 0).all()
        rewind = source.history
        assert max(charts.train_step.max(initial=0), charts.test_step.max(initial=0)) <= rewind.newest
        chain(source, charts)
    if s.second is None:
        looks(s, pick)


def chain(source, charts) -> None:
    rewind, here = source.history, source.step
    rewind.note()
    assert rewind.nearest(here) == here and here in {step for a, b in rewind.stretches() for step in range(a, b + 1)}
    now = whole(source.trainer)
    assert source.diverged is None
    changes, solid = set(rewind.changes()), {step for first, last in rewind.stretches() for step in range(first, last + 1)}
    losses = dict(zip(charts.train_step.astype(int).tolist(), charts.train_loss.tolist(), strict=True))
    train = rewind.enter(rewind.oldest)
    scene = source.scene.model_copy(update={"train": train})
    plain = Trainer(scene, source.data, source.ops)

    def take() -> None:
        plain.rebatch(source.trainer.train)
        plain.configure(source.trainer.train)
        plain.restore(source.trainer.state())

    take()
    known = True
    for step in range(rewind.oldest + 1, rewind.newest + 1):
        if known:
            plain.run(1)
            assert step not in losses or np.float32(plain.loss) == np.float32(losses[step]), f"the curve's loss of step {step}"
        if step in solid and (step in changes or not known or step % 7 == 0 or step == rewind.newest):
            rewind.enter(step)
            if step in changes or not known:
                take()
                known = True
            else:
                assert whole(plain) == whole(source.trainer), f"step {step} does not follow from the one before"
        elif step in changes:
            known = False  # what was changed there is not held any more
    rewind.enter(here)
    assert whole(source.trainer) == now


def looks(s: Session, pick: random.Random) -> None:
    """A test loss in the chart is that of its step."""
    charts, here = s.curves.charts, s.source.step
    if not len(charts.test_step):
        return
    k = pick.randrange(len(charts.test_step))
    step = int(charts.test_step[k])
    if s.source.history.nearest(step) == step:
        s.rewind(step)
        s.scoring.forget()
        assert np.float32(s.evaluate().test_loss) == charts.test_loss[k], f"the chart's test loss of step {step}"
        s.rewind(here)


@pytest.mark.parametrize("seed", range(20))
def test_back_and_forth_nothing_is_invented(seed, tmp_path):
    name = ("xor", "iris", "reg-plane", "circle")[seed % 4]
    path = toml.find(name)
    edits = [Edit("train.batch", 10), Edit("train.steps_per_second", 0.0), Edit("network.layers", [{"units": 4}])]
    s = new_session(toml.load(path, edits), path.parent, "cpu", path, (REMEMBER, 200_000, 60_000)[seed % 3])
    monkey = Monkey(seed, s, tmp_path)
    s.source.history.spacing = s.source.history.longest = (3, 20)[seed % 2]
    for k in range(ACTS):
        monkey.act()
        assert s.source.history.newest >= s.source.step >= 0
        charts = s.curves.charts
        assert (np.diff(charts.train_step) > 0).all() and (np.diff(charts.test_step) > 0).all()
        s.layers.reading(s.source, ("weight", 0) if k % 3 else None)
        s.diagnosis.findings(s.source, charts)
        if s.source.diverged is not None or (s.second and s.second.source.diverged is not None):
            s.reset()
        if k % LOOK_EVERY == LOOK_EVERY - 1:
            check(s, monkey.random)
    while s.history.can_undo:
        s.undo()
    check(s, monkey.random)
