"""Which layer is which after the list of layers was changed, where nobody reported."""

import pytest

from nnviz3d.spec.layer_origins import origins
from nnviz3d.spec.scene import Layer

A, B, C, D = (Layer(units=n) for n in (5, 6, 7, 8))
A2 = Layer(units=9)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ((A, B, C), (A, B, C), (0, 1, 2)),
        ((A, B, C), (A, C), (0, 2)),
        ((A, B, C), (B, C), (1, 2)),
        ((A, B, C), (A, D, B, C), (0, None, 1, 2)),
        ((A, B, C), (D, A, B, C), (None, 0, 1, 2)),
        ((A, B, C), (A, B, C, C), (0, 1, 2, None)),
        ((A, B, C), (A2, B, C), (0, 1, 2)),
        ((A, B, C), (A, A2, C), (0, 1, 2)),
        ((A, B, C), (B, A, C), (1, 0, 2)),
        ((A, B, C), (C, A, B), (2, 0, 1)),
        ((), (A,), (None,)),
        ((A,), (), ()),
        ((A, A), (A, A), (0, 1)),
        ((A, B), (C, D), (0, 1)),
    ],
)
def test_origins(old, new, found):
    assert origins(old, new) == found


def test_each_old_layer_is_used_once():
    found = origins((A, A, B), (A, A, A, B, B))
    assert sorted(o for o in found if o is not None) == [0, 1, 2]
    assert found.count(None) == 2 and found[3] == 2
