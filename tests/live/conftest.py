"""Loops that are watched in the tests have a folder of sockets of their own, and start no window."""

from __future__ import annotations

import shutil
import tempfile

import pytest

from nnviz3d.live import addresses


@pytest.fixture
def alone(monkeypatch):
    place = tempfile.mkdtemp(prefix="nv-")  # short: the path of a socket has at most 100 bytes
    monkeypatch.setenv("XDG_RUNTIME_DIR", place)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "NNVIZ3D", addresses.TOKEN):
        monkeypatch.delenv(name, raising=False)
    yield
    shutil.rmtree(place)
