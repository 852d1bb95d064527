"""Messages: what is written is read back, and nothing else is: every truncation, wrong sizes, other versions, garbage."""

from __future__ import annotations

import json
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz3d.live import wire
from nnviz3d.live.wire import Control, End, Frame, Hello, Reader, Structure, WireError, packed
from nnviz3d.live.wire_headers import ParameterPlace

ARRAYS = {
    "parameter/a": np.arange(5, dtype=np.float32),
    "gradient/a": np.full((2, 3), np.nan, np.float32),
    "x": np.zeros((0, 3), np.uint8),
    "target": np.array(7),
    "losses": np.array([1, math.nan, math.inf]),
    "half": np.ones((1, 2, 1, 2), np.float16),
}
FRAME = Frame(sequence=4, step=12, epoch=0.5, loss=math.nan, metrics={"lr": math.inf, "acc": 0.25}, batch=32, dropped=2, seconds=1.5)
STRUCTURE = Structure(scene="title = 'é'", shape=(3, 8, 8), axes=("channel",), parameters=(ParameterPlace(name="a", shape=(5,)),))


def made(header: dict | bytes, body: bytes = b"", claim: int | None = None) -> bytes:
    """A message by hand."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return wire.PREFIX.pack(wire.MAGIC, len(raw), len(body) if claim is None else claim) + raw + body


def refused(raw: bytes, reader: Reader | None = None) -> str:
    with pytest.raises(WireError) as caught:
        (reader or Reader()).feed(raw)
    return str(caught.value)


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k], a[k].dtype.kind == "f") for k in a)


@pytest.mark.parametrize(
    "header", [Hello(run="é" * 20, token="t"), STRUCTURE, FRAME, End(reason="error", text="no"), Control(action="step")]
)
@pytest.mark.parametrize("arrays", [{}, ARRAYS])
def test_a_message_comes_back(header, arrays):
    message, again = Reader().feed(packed(header, arrays) * 2)
    assert repr(message.header.model_dump(exclude={"arrays"})) == repr(header.model_dump(exclude={"arrays"}))  # NaN is not equal to itself
    assert same(message.arrays, arrays) and same(again.arrays, arrays)
    assert all(not array.flags.writeable for array in message.arrays.values())


def test_the_bytes_are_those_of_the_document():
    raw = packed(FRAME, {"losses": np.array([1.0, 2.0], ">f8")})
    assert raw[:4] == b"NNVZ" and raw[-16:] == np.array([1.0, 2.0], "<f8").tobytes()
    size = int.from_bytes(raw[4:8], "little")
    assert int.from_bytes(raw[8:16], "little") == 16 and (16 + size) % 8 == 0
    header = json.loads(raw[16 : 16 + size])
    assert header["arrays"] == [{"name": "losses", "dtype": "float64", "shape": [2], "offset": 0}]
    assert (header["version"], header["kind"], header["loss"], header["metrics"]["lr"]) == (1, "frame", "NaN", "Infinity")


def test_bytes_may_come_one_by_one():
    reader, raw, found = Reader(), packed(FRAME, ARRAYS), []
    for k in range(len(raw)):
        assert reader.between == (k == 0)
        found += reader.feed(raw[k : k + 1])
    assert len(found) == 1 and reader.between and same(found[0].arrays, ARRAYS)


def test_no_truncation_is_a_message():
    raw = packed(FRAME, ARRAYS)
    for k in range(1, len(raw)):
        left = [raw[:k]]

        def read_into(room, left=left):
            part, left[0] = left[0][: len(room)], left[0][len(room) :]
            room[: len(part)] = part
            return len(part)

        with pytest.raises(WireError, match="ends within"):
            wire.receive(read_into, Reader())
    assert wire.receive(lambda room: 0, Reader()) is None


def test_sizes_are_refused_before_memory_is_taken():
    tracemalloc.start()
    try:
        for header, body in ((30, 2 << 30), (30, 1 << 63), (0xFFFFFFFF, 0), (1, 0), ((4 << 20) + 1, 0)):
            assert "claims" in refused(wire.PREFIX.pack(wire.MAGIC, header, body))
        assert "at most 1,000" in refused(made({"version": 1, "kind": "hello"}, claim=1001), Reader(body=1000))
        many = [{"name": "a", "dtype": "float64", "shape": [1 << 30] * 8, "offset": 0}]
        assert "ends at byte" in refused(made({"version": 1, "kind": "end", "reason": "finished", "arrays": many}))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ([("a", "float32", [2], 0), ("a", "float32", [2], 8)], "two arrays"),
        ([("a", "float32", [4], 0), ("b", "float32", [2], 8)], "within another"),
        ([("b", "float32", [2], 8), ("a", "float32", [2], 0)], "within another"),
        ([("a", "float32", [2], 4)], "multiple of 8"),
        ([("a", "float32", [9], 0)], "ends at byte 36 of 32"),
        ([("a", "float32", [0, 1 << 40, 1 << 40], 0)], "ends at byte"),
        ([("a", "object", [1], 0)], "dtype"),
        ([("a", "float32", [-1], 0)], "shape"),
        ([("a", "float32", [1] * 9, 0)], "shape"),
        ([("", "float32", [1], 0)], "name"),
        ([("a", "float32", [True, 1.5], 0)], "shape"),
        ([("a", "float32", [1], -8)], "offset"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(places, text):
    arrays = [dict(zip(("name", "dtype", "shape", "offset"), place, strict=True)) for place in places]
    assert text in refused(made({"version": 1, "kind": "end", "reason": "finished", "arrays": arrays}, bytes(32)))


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({"version": 2, "kind": "end", "reason": "finished"}, "version 2"),
        ({"kind": "end", "reason": "finished"}, "version None"),
        ({"version": True, "kind": "end", "reason": "finished"}, "version True"),
        ({"version": 1, "kind": "code"}, "code"),
        ({"version": 1, "kind": "frame"}, "step"),
        ({"version": 1, "kind": "frame", "step": 10**40}, "step"),
        ({"version": 1, "kind": "frame", "step": 1, "metrics": {"a": "b"}}, "metrics"),
        ({"version": 1, "kind": "frame", "step": 1, "metrics": {str(k): 0 for k in range(300)}}, "metrics"),
        ({"version": 1, "kind": "structure", "scene": "a" * (2 << 20)}, "scene"),
        (b"[1, 2]", "version None"),
        (b'{"version": 1, "kind": "end", "reason": "finished", "sequence": NaN}', "JSON"),
        (b"\xff\xfe\x00\x01", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"a":' * 50_000, "JSON"),
    ],
)
def test_headers_that_say_something_else_are_refused(header, text):
    assert text in refused(made(header))


def test_what_is_not_known_is_left_out():
    (message,) = Reader().feed(made({"version": 1, "kind": "frame", "step": 3, "later": {"deep": [1]}, "losses": 5}))
    assert message.header.step == 3 and not hasattr(message.header, "later")


@given(st.binary(max_size=200))
def test_garbage_is_no_message(raw):
    reader = Reader()
    try:
        assert reader.feed(raw) == []
    except WireError as error:
        assert str(error)


@settings(max_examples=300)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_byte_that_is_changed_ends_it_or_changes_no_size(at, value):
    raw = bytearray(packed(FRAME, ARRAYS))
    raw[at % len(raw)] = value
    try:
        messages = Reader(body=1 << 20).feed(bytes(raw))
    except WireError:
        return
    assert all(array.nbytes <= 1 << 20 for message in messages for array in message.arrays.values())


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30),
        st.tuples(st.sampled_from(sorted(wire.TYPES)), st.lists(st.integers(0, 4), max_size=4)),
        max_size=8,
    ),
    st.integers(0, 2**32 - 1),
)
def test_any_arrays_come_back(kinds, seed):
    rng = np.random.default_rng(seed)
    arrays = {name: np.asarray(rng.integers(0, 100, shape), dtype) for name, (dtype, shape) in kinds.items()}
    (message,) = Reader().feed(packed(End(reason="finished"), arrays))
    assert same(message.arrays, arrays)


def test_what_cannot_be_sent_is_an_error_of_the_sender():
    with pytest.raises(ValueError, match="C-contiguous"):
        packed(FRAME, {"a": np.zeros((3, 2), np.float32).T})
    with pytest.raises(ValueError, match="object"):
        packed(FRAME, {"a": np.array([object()])})
