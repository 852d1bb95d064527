"""A loop of numpy that is watched: by viewers that come late, read slowly, die, come again, or are none."""

from __future__ import annotations

import socket
import threading
import time
from itertools import pairwise

import numpy as np
import pytest

import nnviz3d as nv
from nnviz3d.live import addresses, wire
from nnviz3d.live.addresses import Address
from nnviz3d.live.kept_frames import FrameLayout, KeptFrames, Losses
from nnviz3d.spec.errors import InputError
from tests.helpers.watched import TestViewer


@pytest.fixture(autouse=True)
def _own_folder(alone):
    pass


class Loop:
    """A training of numpy arrays whose numbers say which step they are of."""

    def __init__(self, view, size=8):
        self.view, self.params, self.k = view, {"layer": {"w": np.zeros((size, size)), "b": np.zeros(size)}}, 0

    def run(self, steps, pause=0.0):
        for _ in range(steps):
            self.k += 1
            grads = {"layer": {"w": np.full_like(self.params["layer"]["w"], -self.k), "b": None}}
            for array in self.params["layer"].values():
                array[...] = self.k
            self.view.step(loss=1 / self.k, params=self.params, grads=grads, accuracy=0.5)
            time.sleep(pause)


def address_of(view) -> Address:
    return view.sink.address


def whole(message) -> bool:
    """Every number of a frame is of its step."""
    step = message.header.step
    return all(np.all(array == (step if name.startswith("parameter") else -step)) for name, array in message.arrays.items() if "/" in name)


def test_a_late_viewer_gets_structure_newest_frame_and_past():
    with nv.watch(every=0, name="late run") as view:
        Loop(view).run(20)
        assert addresses.running() == [address_of(view)] and "late_run-" in address_of(view).path
        viewer = TestViewer(address_of(view))
        assert viewer.until(lambda v: len(v.frames(past=True)) == 19)
    viewer.joined()
    assert [each.header.kind for each in viewer.messages[:3]] == ["hello", "structure", "frame"]
    assert viewer.headers("hello")[0].run == "late run"
    structure = viewer.headers("structure")[0]
    assert {each.name: each.shape for each in structure.parameters} == {"layer.w": (8, 8), "layer.b": (8,)} and structure.why
    (first,) = viewer.frames()
    assert first.header.step == 20 and first.header.metrics == {"accuracy": 0.5} and first.header.loss == pytest.approx(0.05)
    assert first.arrays["losses"] == pytest.approx(1 / np.arange(1, 21))
    assert [each.header.step for each in viewer.frames(past=True)] == list(range(19, 0, -1))
    assert all(map(whole, viewer.frames() + viewer.frames(past=True)))
    assert "gradient/layer.w" in first.arrays and "gradient/layer.b" not in first.arrays
    assert viewer.headers("end")[0].reason == "finished" and viewer.error is None
    assert addresses.running() == []


def test_all_losses_come_once_however_few_frames_do():
    with nv.watch(every=0.02) as view:
        viewer = TestViewer(address_of(view))
        Loop(view).run(400, pause=0.0005)
    viewer.joined()
    frames = viewer.frames()
    assert len(frames) < 100 and frames[-1].header.step == 400
    assert np.concatenate([each.arrays["losses"] for each in frames]) == pytest.approx(1 / np.arange(1, 401))
    assert all(
        len(each.arrays["losses"]) == each.header.step - before
        for each, before in zip(frames, [0, *(f.header.step for f in frames)], strict=False)
    )


def test_a_slow_viewer_costs_the_loop_nothing_and_is_told_what_it_missed():
    with nv.watch(every=0, budget_mb=20) as view:
        loop = Loop(view, size=400)  # 1.3 MB a frame: more than the system keeps for a socket
        loop.run(1)
        link = addresses.connect(address_of(view))  # reads nothing for now
        begin = time.perf_counter()
        loop.run(200)
        assert time.perf_counter() - begin < 10
        assert view.sink._kept.made * view.sink._kept.layout.bytes <= 20e6
        reader, frames = wire.Reader(), []
        link.settimeout(10)
        while len(frames) < 2:
            message = wire.receive(link.recv_into, reader)
            frames += [message] if message.header.kind == "frame" and not message.header.past else []
        assert [each.header.step for each in frames][1] == 201 and all(map(whole, frames))
        assert frames[1].header.dropped == frames[1].header.sequence - frames[0].header.sequence - 1 + view.sink.dropped
        link.close()


def test_the_past_fits_the_budget_and_covers_the_run():
    with nv.watch(every=0, budget_mb=1) as view:
        Loop(view, size=40).run(1000)
        kept = view.sink._kept
        assert kept.made * kept.layout.bytes <= 1e6
        steps = [frame.step for frame in kept.frames]
        assert len(steps) > 50 and steps[-1] == 1000 and max(b - a for a, b in pairwise([0, *steps])) < 60


def test_viewers_that_die_or_come_again():
    with nv.watch(every=0) as view:
        loop = Loop(view)
        for k in range(500):
            link = addresses.connect(address_of(view))
            if k % 5 == 0:
                link.sendall(b"\0" * 100)
            link.close()
            if k % 50 == 0:
                loop.run(1)
        viewer = TestViewer(address_of(view))
        loop.run(5)
        assert viewer.until(lambda v: v.frames() and v.frames()[-1].header.step == 15)
        viewer.close()
        again = TestViewer(address_of(view))
        assert again.until(lambda v: v.frames())
    assert again.joined().headers("end")


GARBAGE = (b"GET / HTTP/1.1\r\n\r\n" * 3, b"\xff" * 64, wire.PREFIX.pack(b"NNVZ", 2 << 20, 0), wire.PREFIX.pack(b"NNVZ", 20, 2 << 30))


@pytest.mark.parametrize("raw", GARBAGE)
def test_who_sends_something_else_is_refused(raw):
    with nv.watch(every=0) as view, socket.socket(socket.AF_UNIX) as link:
        link.connect(address_of(view).path)
        link.settimeout(10)
        link.sendall(raw)
        message = wire.receive(link.recv_into, wire.Reader())
        assert message.header.reason == "refused" and message.header.text
        assert not link.recv(1)


def test_a_viewer_that_does_not_greet_is_let_go(monkeypatch):
    monkeypatch.setattr("nnviz3d.live.publisher.WAIT", 0.2)
    with nv.watch(every=0) as view, socket.socket(socket.AF_UNIX) as link:
        link.connect(address_of(view).path)
        link.settimeout(10)
        begin = time.perf_counter()
        for byte in wire.packed(wire.Hello())[:20]:  # a byte now and then does not hold it
            try:
                link.send(bytes([byte]))
            except OSError:
                break
            time.sleep(0.05)
        assert not link.recv(1) and time.perf_counter() - begin < 5


def test_no_more_viewers_than_there_is_room_for():
    with nv.watch(every=0) as view:
        links = [addresses.connect(address_of(view)) for _ in range(16)]
        for link in links:
            link.settimeout(10)
            assert wire.receive(link.recv_into, wire.Reader()).header.kind == "hello"
        late = addresses.connect(address_of(view))
        late.settimeout(10)
        assert wire.receive(late.recv_into, wire.Reader()).header.reason == "refused"
        for link in (*links, late):
            link.close()


def test_over_tcp_a_token_is_needed(capsys):
    with nv.watch(every=0, to="tcp://127.0.0.1:0") as view:
        address = address_of(view)
        text = capsys.readouterr().err
        assert f"{addresses.TOKEN}={address.token} nnviz3d watch {address}" in text and len(address.token) > 15 and "docs" not in text
        assert address.port and address.token not in str(address)
        for token in ("", "wrong", "é"):
            viewer = TestViewer(Address(host=address.host, port=address.port, token=token)).joined()
            assert [each.kind for each in viewer.headers("end")] == ["end"] and "token" in viewer.headers("end")[0].text
            assert not viewer.headers("hello") and not viewer.headers("structure")
        viewer = TestViewer(addresses.parse(f"tcp://{address.token}@127.0.0.1:{address.port}"))
        Loop(view).run(3)
        assert viewer.until(lambda v: v.frames())
    viewer.joined()


def test_the_folder_is_only_for_its_user(monkeypatch, tmp_path):
    place = addresses.folder()
    assert place.stat().st_mode & 0o777 == 0o700
    place.chmod(0o755)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert addresses.folder() != place  # somebody else could reach into it
    stale = addresses.folder() / "old-1.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(stale))
    assert addresses.running() == [] and not stale.exists()


@pytest.mark.parametrize("text", ["tcp://", "tcp://host", "tcp://host:99999", "http://host:1", "unix:", "unix:a\0b", "tcp://a b:1", ""])
def test_what_is_no_address(text):
    with pytest.raises(InputError, match="expected tcp://HOST:PORT"):
        addresses.parse(text)


def test_a_loop_that_fails_says_so_and_two_of_one_name_do_not_mix():
    with pytest.raises(ZeroDivisionError), nv.watch(every=0, name="a") as view:
        viewer = TestViewer(address_of(view))
        Loop(view).run(2)
        assert viewer.until(lambda v: v.frames())
        1 / 0  # noqa: B018
    end = viewer.joined().headers("end")[0]
    assert end.reason == "error" and end.text == "ZeroDivisionError: division by zero"
    first = nv.watch(every=0, name="a")
    viewer = TestViewer(address_of(first))
    assert viewer.until(lambda v: v.headers("hello"))
    with nv.watch(every=0, name="a"), nv.watch(every=0, name="b"):
        assert viewer.joined().headers("end")[0].reason == "restarted" and first.closed
        assert len(addresses.running()) == 2
    first.step(loss=1.0)  # of a view that is closed: nothing


def test_other_shapes_in_the_middle_are_another_structure():
    with nv.watch(every=0) as view:
        viewer = TestViewer(address_of(view))
        loop = Loop(view)
        loop.run(3)
        loop.params = {"layer": {"w": np.zeros((3, 5)), "b": np.zeros(5)}, "more": np.zeros(2)}
        del loop.params["more"]
        for _ in range(500):  # frames are left out where the machine is busy
            loop.run(1, 0.01)
            found = viewer.frames()
            if found and len(viewer.headers("structure")) == 2 and found[-1].arrays["parameter/layer.w"].shape == (3, 5):
                break
    last = viewer.joined().frames()[-1]
    assert last.arrays["parameter/layer.w"].shape == (3, 5) and whole(last)
    late = [each.name for each in viewer.headers("structure")[1].parameters]
    assert late == ["layer.w", "layer.b"]


def test_a_viewer_can_pause_step_and_run_a_loop_that_lends_control():
    done, data = [], [np.zeros((4, 2)) + k for k in range(40)]

    def train():
        with nv.watch(every=10) as made:
            views.append(made)
            ready.set()
            loop = Loop(made)
            for epoch in made.epochs(2):
                for _ in made.batches(data):
                    started.wait(10)
                    loop.run(1, pause=0.002)
                    done.append(epoch)

    views, ready, started = [], threading.Event(), threading.Event()
    thread = threading.Thread(target=train)
    thread.start()
    assert ready.wait(10)
    viewer = TestViewer(address_of(views[0]))
    assert viewer.until(lambda v: v.headers("hello"))
    time.sleep(0.05)
    viewer.send(wire.Control(action="pause"))
    time.sleep(0.1)
    started.set()
    assert viewer.until(lambda v: v.frames() and v.frames()[-1].header.paused)
    at = viewer.frames()[-1].header.step
    time.sleep(0.1)
    assert len(done) == at < 5
    viewer.send(wire.Control(action="step"))
    assert viewer.until(lambda v: v.frames()[-1].header.step == at + 1)
    time.sleep(0.1)
    assert len(done) == at + 1 and viewer.frames()[-1].header.epoch == pytest.approx(at / 40)
    viewer.close()  # nobody is left: it goes on
    thread.join(20)
    assert not thread.is_alive() and len(done) == 80 and done[-1] == 1 and viewer.frames()[-1].header.lends


def test_a_loop_that_lends_no_control_is_not_paused():
    with nv.watch(every=0) as view:
        viewer = TestViewer(address_of(view))
        assert viewer.until(lambda v: v.headers("hello"))
        viewer.send(wire.Control(action="pause"))
        time.sleep(0.1)
        Loop(view).run(3)
        assert not view.control.paused and viewer.until(lambda v: v.frames()) and not viewer.frames()[0].header.lends
    assert viewer.joined().headers("end")


def test_a_scene_makes_a_network_of_arrays_as_jax_has_them():
    scene = nv.Scene(network=nv.Network(layers=(nv.Layer(units=6),)), data=nv.Data(kind="iris"))
    rng = np.random.default_rng(0)
    params = [{"w": rng.random((4, 6)), "b": np.zeros(6)}, {"w": rng.random((6, 3)), "b": np.ones(3)}]
    with nv.watch(scene, every=0, sample=(np.ones((5, 4)), np.arange(5))) as view:
        viewer = TestViewer(address_of(view))
        view.step(params=params, grads=params, loss=np.float32(0.5))
        assert viewer.until(lambda v: v.frames())
    structure, frame = viewer.joined().headers("structure")[0], viewer.frames()[0]
    assert structure.shape == (4,) and structure.outputs == 3 and structure.task == "classification" and "units = 6" in structure.scene
    assert np.array_equal(frame.arrays["parameter/layers.0.weight"], params[0]["w"].T.astype(np.float32))
    assert np.array_equal(frame.arrays["gradient/layers.1.bias"], np.ones(3))
    assert np.array_equal(frame.arrays["x"], np.ones(4)) and frame.arrays["target"] == 0 and frame.header.loss == 0.5
    with pytest.raises(InputError, match="is not for this network"), nv.watch(scene, every=0) as view:
        view.step(params=params[1:])


def test_only_the_arrays_that_were_chosen():
    with nv.watch(every=0, include=["layer.*"], exclude="*.b") as view:
        viewer = TestViewer(address_of(view))
        Loop(view).run(1)
        assert viewer.until(lambda v: v.frames())
    assert [name for name in viewer.joined().frames()[0].arrays if "/" in name] == ["parameter/layer.w", "gradient/layer.w"]
    with pytest.raises(InputError, match="matches no array"), nv.watch(every=0, include="none") as view:
        Loop(view).run(1)


@pytest.mark.parametrize("settings", [{"enabled": False}, {"to": "tcp://127.0.0.1:0", "enabled": False}])
def test_off_does_nothing(settings, monkeypatch):
    before = threading.active_count()
    with nv.watch(object(), **settings) as view:
        assert list(view.batches([1, 2])) == [1, 2] and list(view.epochs(2)) == [0, 1] and view.step(loss=object()) is None
    monkeypatch.setenv("NNVIZ3D", "off")
    nv.watch(object()).close()
    assert threading.active_count() == before and addresses.running() == []


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"every": -1, "budget_mb": 0}, "every.*\n.*budget_mb"),
        ({"sample": 3.0}, "sample"),
        ({"to": "somewhere"}, "tcp://HOST:PORT"),
        ({"to": "unix:/nowhere/at/all"}, "cannot listen"),
        ({"model": object()}, "expected a PyTorch module"),
    ],
)
def test_settings_that_cannot_be(settings, text):
    with pytest.raises(InputError, match=text):
        nv.watch(**settings)


def test_a_budget_that_is_too_small_is_reported_and_losses_still_come(capsys):
    with nv.watch(every=0, budget_mb=1) as view:
        viewer = TestViewer(address_of(view))
        Loop(view, size=400).run(3)
    assert "set budget_mb to 3 or more" in capsys.readouterr().err
    assert viewer.joined().headers("end") and view.sink.dropped >= 3


def test_what_goes_wrong_inside_ends_the_watch_and_not_the_training(capsys):
    with nv.watch(every=0) as view:
        viewer = TestViewer(address_of(view))
        loop = Loop(view)
        loop.run(1)
        assert viewer.until(lambda v: v.frames())
        view.subject.parameters = None
        loop.run(2)
        assert view.closed and capsys.readouterr().err.count("the training continues") == 1
    assert viewer.joined().headers("end")[0].reason == "error"


def test_memory_of_frames():
    layout = FrameLayout({"a": (3,), "b": (2, 2)})
    assert layout.places["parameter/b"] == (4, (2, 2)) and layout.size == 16
    kept = KeptFrames(3 * layout.bytes)
    assert kept.begin(layout)
    for k in range(50):
        frame = kept.take()
        frame.step = k
        kept.keep(frame)
    held = [kept.hold(frame) for frame in kept.frames]
    assert kept.made == 3 and held[-1].step == 49 and kept.take() is None and kept.dropped == 1
    numbers = held[0].numbers
    kept.release(held[0])
    assert kept.take().numbers is numbers  # the memory of a frame is used again only when nobody reads it


def test_losses_are_kept_up_to_a_number(monkeypatch):
    monkeypatch.setattr("nnviz3d.live.kept_frames.LOSSES", 10)
    losses = Losses()
    for k in range(1, 26):
        losses.add(float(k))
    losses.put(25, -1.0)
    losses.put(1, -1.0)  # forgotten
    assert losses.between(23, 25).tolist() == [24, -1] and losses.between(0, 25)[0] > 10 and losses.between(30, 25).tolist() == []
