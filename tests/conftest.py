"""What all tests share: software OpenGL wherever they run, and headless hosts that are closed again."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")  # pictures are compared on llvmpipe, also where there is a GPU
os.environ.setdefault("GALLIUM_DRIVER", "llvmpipe")
os.environ.setdefault("LP_NUM_THREADS", "2")
os.environ["NNVIZ3D_CONFIG"] = os.devnull + ".toml"  # windows that tests open have the usual settings, whoever runs them


@pytest.fixture
def host():
    """A headless OpenGL 4.1 context of 320 x 180 pixels."""
    from nnviz3d.gfx.hosts import open_host

    opened = open_host(320, 180, headless=True)
    yield opened
    opened.close()
