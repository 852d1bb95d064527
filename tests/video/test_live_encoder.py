"""A film made while it happens: the right speed, any size, readable whatever ends it."""

import resource
import threading

import numpy as np
import pytest

from nnviz3d.spec.errors import InputError
from nnviz3d.video import live_encoder
from nnviz3d.video.live_encoder import LiveFilm

av = pytest.importorskip("av", reason="films need the extra `video`")


def image(level, size=(64, 48)):
    """(H, W, 4), the bottom first: grey, white at the top."""
    out = np.full((size[1], size[0], 4), level, np.uint8)
    out[-size[1] // 4 :] = 255
    return out


def frames(path):
    with av.open(str(path)) as file:
        found = [(frame.pts * frame.time_base, frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]
        return found, file.streams.video[0]


def left(path):
    """How many frames a player shows of a file that was not finished."""
    count = 0
    with av.open(str(path)) as file:
        for packet in file.demux(video=0):
            try:
                count += len(packet.decode())
            except av.error.InvalidDataError:  # the last one was cut off
                break
    return count


def film(tmp_path, slots, end, size=(64, 48), fps=30):
    made = LiveFilm(tmp_path / "a.mp4", size, fps)
    for slot in slots:
        made.offer(slot, image(20 + 2 * slot))
    made.stop(end)
    made.wait()
    assert not made.error, made.error
    return made


def test_frames_stand_at_their_times_and_gaps_are_filled_by_the_frame_before(tmp_path):
    made = LiveFilm(tmp_path / "a.mp4", (64, 48), 30)
    for slot in (0, 1, 5, 6, 12):
        done = threading.Event()
        made.offer(slot, image(20 + 10 * slot), done.set)
        assert done.wait(10)
        while not made._queue.empty():
            pass
        if slot in (1, 6):  # the encoder has had its time
            threading.Event().wait(0.2)
    made.stop(15)
    made.wait()
    found, stream = frames(made.path)
    assert [round(time * 30) for time, _ in found] == list(range(15)) and float(stream.duration * stream.time_base) == pytest.approx(0.5)
    levels = [int(pixels[-1, 0, 0]) for _, pixels in found]
    assert [round((level - 20) / 10) for level in levels] == [0, 1, 1, 1, 1, 5, 6, 6, 6, 6, 6, 6, 12, 12, 12]
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_pause_is_not_filled_and_the_speed_is_right_all_the_same(tmp_path):
    far = live_encoder.HOLD * 30 + 50
    found, stream = frames(film(tmp_path, (0, 1, far), far + 1).path)
    assert [round(time * 30) for time, _ in found] == [0, 1, far]
    assert float(stream.duration * stream.time_base) == pytest.approx((far + 1) / 30, abs=0.04)


def test_it_is_upright_and_its_colours_are_reported(tmp_path):
    found, stream = frames(film(tmp_path, range(4), 4).path)
    pixels = found[0][1]
    assert pixels[0, 0].min() > 245 and abs(int(pixels[-1, 0, 0]) - 20) <= 3
    context = stream.codec_context
    assert (context.color_range, context.colorspace) == (1, 1)


@pytest.mark.parametrize("size", [(65, 49), (64, 49), (33, 17)])
def test_odd_sizes_lose_a_pixel(tmp_path, size):
    made = LiveFilm(tmp_path / "a.mp4", size, 30)
    made.offer(0, image(99, size))
    made.stop(1)
    made.wait()
    found, stream = frames(made.path)
    assert (stream.width, stream.height) == (size[0] - size[0] % 2, size[1] - size[1] % 2) and len(found) == 1


def test_a_window_of_another_size_is_shown_whole_in_the_middle_of_black(tmp_path):
    made = LiveFilm(tmp_path / "a.mp4", (64, 48), 30)
    made.offer(0, image(120))
    made.offer(1, image(120, (40, 80)))
    made.offer(2, image(120, (90, 31)))
    made.stop(3)
    made.wait()
    (_, first), (_, tall), (_, wide) = frames(made.path)[0]
    assert abs(int(first[40, 1, 0]) - 120) < 4
    assert tall[24, 2].max() < 20 and abs(int(tall[30, 32, 0]) - 120) < 6 and tall[2, 32, 0] > 230
    assert wide[3, 32].max() < 20 and abs(int(wide[30, 32, 0]) - 120) < 6 and wide[45, 32].max() < 20


def test_what_was_recorded_can_be_read_at_any_moment(tmp_path):
    made = LiveFilm(tmp_path / "a.mp4", (64, 48), 10)
    for slot in range(45):
        done = threading.Event()
        made.offer(slot, image(slot), done.set)
        assert done.wait(10)
    whole = (tmp_path / "a.mp4.part").read_bytes()  # as a kill would leave it
    (tmp_path / "left.mp4").write_bytes(whole)
    assert left(tmp_path / "left.mp4") >= 29  # all but the last fragment, and what an output buffer holds
    made.stop(45)
    made.wait()
    assert len(frames(made.path)[0]) == 45


def test_a_full_disk_ends_it_with_a_reason_and_keeps_what_there_is(tmp_path):
    noise = np.random.Generator(np.random.PCG64(0))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    made = LiveFilm(tmp_path / "a.mp4", (320, 240), 10)
    given = []
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        for slot in range(60):
            made.offer(slot, noise.integers(0, 256, (240, 320, 4), np.uint8), lambda slot=slot: given.append(slot))
        made.stop(60)
        made.wait()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert made.error and made.kept.name == "a.mp4.part" and len(given) == 60
    assert left(made.kept) >= 1


def test_where_it_cannot_be_written_it_does_not_begin(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="cannot be written"):
        LiveFilm(tmp_path / "none" / "a.mp4", (64, 48), 30)
    (tmp_path / "a.mp4.part").touch()
    with pytest.raises(InputError, match="cannot be written"):
        LiveFilm(tmp_path / "a.mp4", (64, 48), 30)
    monkeypatch.setattr(live_encoder, "available", lambda: False)
    with pytest.raises(InputError, match="pip install"):
        LiveFilm(tmp_path / "b.mp4", (64, 48), 30)
    assert not (tmp_path / "b.mp4.part").exists()


def test_a_film_without_a_frame_leaves_nothing_behind(tmp_path):
    made = LiveFilm(tmp_path / "a.mp4", (64, 48), 30)
    made.stop(0)
    made.wait()
    assert not list(tmp_path.iterdir()) and made.error
