"""The films that are shipped, at any size of picture: what a shot looks at is not inside a closed block."""

from pathlib import Path

import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import paths, toml
from nnviz3d.spec.parts import NetworkParts
from nnviz3d.spec.scene import Scene

NO_ROOM = 0  # a picture so small that "auto" opens nothing


def looked_at(scene: Scene) -> set[str]:
    """Names of the layers inside blocks that a shot highlights or turns to."""
    names = {shot.highlight.removeprefix("strongest:").split(":")[0] for shot in scene.record.shot}
    names |= {key.focus.split(":")[0] for shot in scene.record.shot for key in shot.camera}
    return {name for name in names if "." in name}


FILMS = {name: found for name, path in paths.scene_paths().items() if (found := looked_at(toml.load(path)))}


def test_there_are_such_films():
    assert "attention" in FILMS


@pytest.mark.parametrize("name", FILMS)
def test_the_layers_that_a_shot_looks_at_are_never_hidden_in_a_slab(name):
    scene = toml.load(paths.scene_paths()[name])
    parts = NetworkParts(new_session(scene, Path()).source.topology)
    folded = parts.folded(parts.opened(scene.view.open, NO_ROOM))
    hidden = {parts.topology.nodes[k].name for part in folded for k in part.nodes}
    assert not FILMS[name] & hidden
