"""A film of five pieces, and what one process makes of it: the measure of all that make films together."""

from __future__ import annotations

import pytest

from nnviz3d.app.cli.commands.common import Options
from nnviz3d.app.cli.commands.record import job_of
from nnviz3d.app.render.film import pipeline
from nnviz3d.app.render.film.request import FilmRequest

PLAIN = FilmRequest(size="96x54", fps=50, duration=6.0)  # 300 frames


def job(target, scene="xor", request=PLAIN, sets=("record.steps=200",)):
    return job_of(Options(sets=sets), scene, target, request)


def same(reported, film, alone):
    assert reported["frames"] == alone[0]["frames"] and reported["scene_hash"] == alone[0]["scene_hash"]
    assert film.read_bytes() == alone[1]


@pytest.fixture(scope="package")
def alone(tmp_path_factory):
    """The film by one process: what its sidecar says, and its bytes."""
    one = job(tmp_path_factory.mktemp("alone") / "film.mp4")
    return pipeline.record(one), one.target.read_bytes()
