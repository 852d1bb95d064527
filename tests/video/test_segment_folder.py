"""Films in pieces: a kill costs a frame, the order does not matter, colours stay what they were."""

import hashlib
import json
import os

import numpy as np
import pytest

from nnviz3d.spec.errors import InputError, RunError
from nnviz3d.video import gif, segment_folder
from nnviz3d.video.codecs import CODECS, FORMATS, choose, encoder_works
from nnviz3d.video.image_writer import Sequence, naming
from tests.helpers.segments import SIZE, image, make, plan, short_pieces  # noqa: F401  a fixture

av = pytest.importorskip("av", reason="films need the extra `video`")


def decoded(path, format="rgb24"):
    with av.open(str(path)) as film:
        return [(frame.time, frame.to_ndarray(format=format)) for frame in film.decode(video=0)]


@pytest.mark.parametrize(
    ("format", "codec"), [(form, name) for form, names in FORMATS.items() for name in names if not CODECS[name].sequence]
)
def test_a_film_of_pieces_has_every_frame_at_its_time(tmp_path, format, codec):
    if "nvenc" in codec:
        pytest.skip("needs an NVIDIA graphics card") if not encoder_works(CODECS[codec].encoder) else None
    if codec in ("vp9", "av1", "h265") and format == "mkv":
        pytest.skip("the same pieces as in webm and mp4")
    target = tmp_path / f"film.{format}"
    make(tmp_path / "p", plan(format, codec, 20)).join(target)
    frames = decoded(target)
    assert len(frames) == 20
    for k, (time, seen) in enumerate(frames):
        assert time == pytest.approx(k / 30, abs=0.011 if format in ("gif", "mkv", "webm") else 1e-3)
        assert seen.shape == (SIZE[1], SIZE[0], 3)
        if codec in ("ffv1", "apng"):
            assert (seen == image(k)).all()


def test_lossless_films_keep_transparency_exactly(tmp_path):
    for format, codec in (("mkv", "ffv1"), ("apng", "apng")):
        target = tmp_path / f"a.{format}"
        make(tmp_path / codec, plan(format, codec, alpha=True)).join(target)
        assert all((seen == image(k, 4)).all() for k, (_, seen) in enumerate(decoded(target, "rgba")))


def test_vp9_and_prores_carry_transparency(tmp_path):
    make(tmp_path / "p", plan("mov", "prores", alpha=True)).join(tmp_path / "a.mov")
    for k, (_, seen) in enumerate(decoded(tmp_path / "a.mov", "rgba")):
        assert abs(seen[..., 3].astype(int) - image(k, 4)[..., 3]).max() <= 3
    make(tmp_path / "q", plan("webm", "vp9", alpha=True)).join(tmp_path / "a.webm")
    with av.open(str(tmp_path / "a.webm")) as film:
        assert film.streams.video[0].metadata["ALPHA_MODE"] == "1"
        decoder = av.CodecContext.create("libvpx-vp9", "r")  # ffmpeg's own decoder knows nothing of the second plane
        frames = [frame for packet in film.demux(video=0) for frame in decoder.decode(packet)]
    assert frames[0].format.name == "yuva420p"
    alpha = frames[3].to_ndarray(format="rgba")[..., 3].astype(int)
    assert abs(alpha - image(3, 4)[..., 3]).mean() < 8 and np.ptp(alpha) > 200


def test_h264_of_high_quality_keeps_every_channel_within_two_levels(tmp_path):
    colours = np.array([(200, 60, 30), (10, 14, 30), (250, 240, 200), (60, 150, 255), (128, 128, 128), (3, 4, 9)], np.uint8)
    picture = np.repeat(np.repeat(colours[None], 32, 0), 32, 1)
    of = segment_folder.FilmPlan("c", picture.shape[1], 32, 30, 0, 1, 4, "mp4", "h264")
    store = segment_folder.Parts(tmp_path / "p", of)
    piece = store.open(0)
    for _ in range(4):
        piece.add(picture)
    piece.close()
    store.join(tmp_path / "c.mp4")
    with av.open(str(tmp_path / "c.mp4")) as film:
        context = film.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        planes = next(film.decode(video=0)).to_ndarray(format="yuv420p").astype(float)
    y = (planes[16, 16::32] - 16) / 219  # the middle of each patch, by the BT.709 matrix of limited range
    u, v = ((planes[row, 8::16].reshape(-1)[: len(colours)] - 128) / 224 for row in (32 + 2, 32 + 8 + 2))
    r, b = y + 2 * (1 - 0.2126) * v, y + 2 * (1 - 0.0722) * u
    seen = np.stack([r, (y - 0.2126 * r - 0.0722 * b) / 0.7152, b], 1) * 255
    assert abs(seen - colours).max() <= 2


@pytest.mark.parametrize(("format", "codec"), [("mp4", "h264"), ("gif", "gif"), ("mkv", "ffv1")])
def test_a_killed_run_goes_on_where_it_was_and_the_film_is_the_same(tmp_path, format, codec):
    of = plan(format, codec)
    make(tmp_path / "whole", of).join(tmp_path / f"whole.{format}")
    store = segment_folder.Parts(tmp_path / "killed", of)
    piece = store.open(0)
    for k in range(5):
        piece.add(image(k))
    del piece  # as a kill leaves it: nothing is closed
    raw = store.file(0, "raw")
    os.truncate(raw, raw.stat().st_size - 100)  # the fifth frame was being written
    piece = segment_folder.Parts.load(tmp_path / "killed").open(0)
    assert piece.next == 4
    piece.close()  # stopped again, in order this time
    store = make(tmp_path / "killed", of, order=[2, 0, 1])
    store.join(tmp_path / f"killed.{format}")
    assert (tmp_path / f"killed.{format}").read_bytes() == (tmp_path / f"whole.{format}").read_bytes()
    assert store.note(0)["frames"][2] == hashlib.sha256(np.ascontiguousarray(image(2))).hexdigest()
    assert not list((tmp_path / "killed").glob("*.raw")) and not list(tmp_path.glob("*.part"))


def test_a_damaged_frame_is_not_taken_over(tmp_path):
    store = segment_folder.Parts(tmp_path, plan())
    piece = store.open(0)
    for k in range(3):
        piece.add(image(k))
    piece.close()
    raw = store.file(0, "raw")
    data = bytearray(raw.read_bytes())
    data[32 + 10 + len(data) // 3] ^= 1  # a bit of the second frame
    raw.write_bytes(data)
    assert store.open(0).next == 1


def test_missing_pieces_and_another_films_folder_are_reported(tmp_path):
    store = make(tmp_path / "p", plan(), order=[0])
    with pytest.raises(InputError, match=r"2 of 3 pieces are missing: frames 8\.\.15, 16\.\.19"):
        store.join(tmp_path / "f.mkv")
    assert not (tmp_path / "f.mkv").exists()
    with pytest.raises(InputError, match=r"another film.*count: 20 there, 30 now"):
        segment_folder.Parts(tmp_path / "p", plan(count=30))
    with pytest.raises(InputError, match="not a film parts folder"):
        segment_folder.Parts.load(tmp_path)
    (tmp_path / "p" / "plan.json").write_text("{")
    with pytest.raises(InputError):
        segment_folder.Parts.load(tmp_path / "p")


def test_a_full_disk_says_so_and_keeps_what_is_there(tmp_path, monkeypatch):
    store = segment_folder.Parts(tmp_path, plan())
    piece = store.open(0)
    piece.add(image(0))

    class Full:
        def write(self, _data):
            raise OSError(28, "No space left on device")

        close = flush = lambda self: None

    kept, piece._raw = piece._raw, Full()
    with pytest.raises(RunError, match="No space left on device; 1 frames are kept"):
        piece.add(image(1))
    kept.close()
    assert store.open(0).next == 1


@pytest.mark.parametrize(
    ("name", "options", "reported"),
    [
        ("a.avi", {}, "format 'avi' is not known"),
        ("a", {}, "no ending"),
        ("a.mp4", {"codec": "vp9"}, "mp4 holds h264"),
        ("a.mp4", {"codec": "nonsense"}, "not a known codec"),
        ("a.mp4", {"size": (641, 480)}, "must be even for h264, found 641x480"),
        ("a.gif", {"fps": 120}, "at most 50 frames per second"),
        ("a.mp4", {"alpha": True}, "does not support transparency; these do: apng"),
    ],
)
def test_wishes_that_do_not_go_together(tmp_path, name, options, reported):
    with pytest.raises(InputError, match=reported):
        choose(tmp_path / name, **{"size": (640, 480), "fps": 60} | options)


def test_all_problems_at_once_and_defaults(tmp_path):
    with pytest.raises(InputError) as caught:
        choose(tmp_path / "a.mp4", size=(641, 481), fps=60, alpha=True)
    assert len(caught.value.problems) == 2
    names = [choose(tmp_path / f"a.{form}", size=(640, 480), fps=30).codec.name for form in FORMATS]
    assert names == ["h264", "ffv1", "vp9", "prores", "gif", "apng", "png", "exr"]
    assert choose(tmp_path / "a.mp4", codec="auto", size=(640, 480), fps=30).codec.name in ("h264", "h264_nvenc")


@pytest.mark.parametrize("fps", [1, 7, 12, 24, 25, 30, 50])
def test_a_gif_keeps_the_films_length(fps):
    delays = gif.delays(10 * fps, fps)
    assert sum(delays) == 10_000 and max(delays) - min(delays) <= 10 and min(delays) >= 20


def test_numbered_pictures(tmp_path):
    assert naming(tmp_path / "a####.png", "png")[1:] == (4, ".png")
    assert naming(tmp_path / "%05d_x.exr", "exr")[1:] == (5, "_x.exr")
    with pytest.raises(InputError, match="two placeholders"):
        naming(tmp_path / "##_##.png", "png")
    g = np.random.Generator(np.random.PCG64(0))
    for name, form, dtype, wire in (("png", "png", np.uint8, "rgb24"), ("png16", "png", np.uint16, "rgb48le")):
        sequence = Sequence(tmp_path / name, form, CODECS[name])
        pixels = g.integers(0, np.iinfo(dtype).max, (48, 64, 3)).astype(dtype)
        sequence.add(3, pixels)
        assert sequence.done(3) and not sequence.done(4) and sequence.file(3) == tmp_path / name / "000003.png"
        assert (decoded(sequence.file(3), wire)[0][1] == pixels).all()
    light = g.random((48, 64, 3), dtype=np.float32) * 8
    sequence = Sequence(tmp_path / "e.exr", "exr", CODECS["exr"])
    sequence.add(0, light)
    with av.open(str(sequence.file(0))) as file:
        frame = next(file.decode(video=0))
    assert frame.format.name == "gbrpf16le"
    planes = [np.frombuffer(plane, np.float16).reshape(48, -1)[:, :64] for plane in frame.planes]
    assert np.abs(np.stack([planes[2], planes[0], planes[1]], 2) - light).max() < 0.004


def test_the_plan_is_readable(tmp_path):
    segment_folder.Parts(tmp_path, plan())
    assert json.loads((tmp_path / "plan.json").read_text())["plan"]["codec"] == "ffv1"
