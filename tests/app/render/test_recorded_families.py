"""A recording of each family of networks: reopened, a step entered, films made of it; drawn as the network that was trained."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.api.training import TrainRequest
from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.record import job_of
from nnviz3d.app.cli.commands.train import train
from nnviz3d.app.render.film.frame_renderer import FrameRenderer
from nnviz3d.app.render.film.request import FilmRequest
from nnviz3d.app.session import opening
from nnviz3d.app.session.opening import new_session
from nnviz3d.app.view.stage import Stage
from nnviz3d.gfx.hosts import open_host
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit

pytestmark = pytest.mark.gl
STEPS = 6
SETS = {
    "conv-toy": (),
    "resnet-tiny": ("train.batch=6",),
    "sort-gpt": ("train.batch=6", "data.samples=300"),
}
SMALL = FilmRequest(size="192x108", fps=1, duration=3.0)


@pytest.fixture(scope="module", params=SETS)
def recorded(request, tmp_path_factory):
    """(scene, path of its recording)"""
    path = tmp_path_factory.mktemp("families") / f"{request.param}.nnrec"
    options = Options(backend="cpu", sets=SETS[request.param], quiet=True)
    assert train(options, request.param, TrainRequest(steps=STEPS, record=path)) == 0
    return request.param, path


OPEN = Edit("view.open", "all")  # rows of light on a slab tell gradients, which a recording works out of other samples


def live(name: str):
    path = toml.find(name)
    return new_session(toml.load(path, [OPEN, *(toml.parse_set(text) for text in SETS[name])]), path.parent, "cpu", path)


def picture(host, session) -> np.ndarray:
    stage = Stage(host, session)
    session.refresh()
    stage.draw(0.0, stage.camera.rig.goal, exact=True)
    image = host.read()
    stage.close()
    return image


def test_a_step_that_is_entered_is_drawn_as_it_was_trained(recorded):
    name, path = recorded
    host = open_host(320, 200, headless=True)
    try:
        played, trained, seen = opening.read(path, [OPEN]).session("cpu", 1 << 20), live(name), []
        for step in (0, 2, STEPS):
            trained.run_to(step)
            played.rewind(step)
            assert played.source.step == trained.source.step == step
            assert np.array_equal(played.source.tensors("parameter"), trained.source.trainer.arenas.parameters)
            seen.append(picture(host, played))
            assert np.array_equal(seen[-1], picture(host, trained)) and seen[-1].std() > 3
        for node in played.source.topology.nodes:
            for part, r in node.parameters:
                if part in node.unlearned:  # running statistics have moved, and were kept
                    assert np.abs(played.source.tensors("parameter")[r.slice] - (part == "running_var")).max() > 1e-6
        played.rewind(2)
        assert np.array_equal(picture(host, played), seen[1]), "going back shows the same"
    finally:
        host.close()


def test_three_frames_of_a_film_stand_each_alone(recorded, tmp_path):
    _, path = recorded
    job = job_of(Options(sets=(f"record.steps={STEPS}",)), str(path), tmp_path / "film.mp4", SMALL)
    with FrameRenderer(job) as renderer:
        frames = [renderer.frame(k) for k in range(3)]
        steps = renderer.session.source.step
    assert steps > 0 and not np.array_equal(frames[0], frames[2])
    for k in (1, 2):
        with FrameRenderer(job) as renderer:
            assert np.array_equal(renderer.frame(k), frames[k])
