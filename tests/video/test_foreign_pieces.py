"""Folders of pieces and pictures from strangers: nothing but the film's own container is opened, and all is reported in a sentence."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from nnviz3d.spec.errors import InputError
from nnviz3d.video import image_reader, segment_folder
from nnviz3d.video.codecs import CODECS
from nnviz3d.video.encode import Encoder, join
from tests.helpers.png import write_png
from tests.helpers.segments import SIZE, image, make, plan, short_pieces  # noqa: F401  a fixture

av = pytest.importorskip("av", reason="films need the extra `video`")

OTHER = "other.mp4"  # a good film beside the folder, which no script may reach
SCRIPTS = {
    "ffconcat": "ffconcat version 1.0\nfile {}\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{}\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" '
    'type="static" mediaPresentationDuration="PT1S" minBufferTime="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation '
    'id="1" bandwidth="1" codecs="avc1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "imf": "<?xml version='1.0'?><CompositionPlaylist xmlns='http://www.smpte-ra.org/schemas/2067-3/2016'></CompositionPlaylist>",
    "empty": "",
}  # fmt: skip


def fake(folder, content: bytes, of=None):
    """A folder whose only piece is this file, with a note that tells its very size and hash."""
    of = of or plan("mp4", "h264", count=8)
    store = segment_folder.Parts(folder, of)
    store.file(0).write_bytes(content)
    note = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "frames": ["a" * 64] * len(of.piece(0)), "renderer": "x"}
    store.file(0, "json").write_text(json.dumps(note))
    return folder


def encode(*words):
    return subprocess.run([sys.executable, "-m", "nnviz3d", "encode", *map(str, words)], capture_output=True, text=True, timeout=60)


def reported(done, *codes):
    assert done.returncode in codes, done.stderr
    assert "Traceback" not in done.stderr and 0 < len(done.stderr.strip().splitlines()) <= 3, done.stderr
    return done.stderr


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize(("format", "codec"), [("mp4", "h264"), ("mkv", "ffv1"), ("mov", "prores")])
def test_a_script_in_the_place_of_a_piece_is_no_piece(tmp_path, kind, format, codec):
    store = make(tmp_path / "good", plan("mp4", "h264", count=8))
    store.join(tmp_path / OTHER)
    content = SCRIPTS[kind].format(tmp_path / OTHER).encode()
    folder = fake(tmp_path / f"f.{format}.parts", content, plan(format, codec, count=8))
    with pytest.raises(InputError, match="is not a piece of this film"):
        segment_folder.Parts.load(folder).join(tmp_path / "f.out")
    assert not (tmp_path / "f.out").exists()


def test_the_command_says_it_in_a_sentence(tmp_path):
    folder = fake(tmp_path / "f.mp4.parts", SCRIPTS["dash"].format("file:///etc/hostname").encode())
    assert "is not a piece of this film" in reported(encode(folder), 2, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.mp4.parts"]


def test_a_piece_of_another_film_is_no_piece(tmp_path):
    target = tmp_path / "out.mp4"
    for name, codec, size, expected in (("size", "h264", (64, 64), "64 x 64"), ("codec", "h265", SIZE, "hevc")):
        encoder = Encoder(tmp_path / name, CODECS[codec], size, 30)
        for k in range(8):
            encoder.add(np.full((size[1], size[0], 3), 20 * k, np.uint8))
        encoder.close()
        with pytest.raises(InputError, match=f"it holds .*{expected}"):
            join([(tmp_path / name, 0, 8)], target, "mp4", 30, CODECS["h264"], SIZE)
    make(tmp_path / "p", plan("mp4", "h264", count=8)).join(tmp_path / "long.mp4")
    with pytest.raises(InputError, match="lasts longer than 5 frames"):
        join([(tmp_path / "long.mp4", 0, 5)], target, "mp4", 30, CODECS["h264"], SIZE)


@pytest.mark.parametrize(("format", "codec"), [("mp4", "h264"), ("gif", "gif"), ("mkv", "ffv1")])
def test_a_changed_piece_is_reported_and_made_anew(tmp_path, format, codec):
    of = plan(format, codec)
    store = make(tmp_path / "p", of)
    for change, why in (
        (lambda raw: raw[:-1], "has another size"),
        (lambda raw: raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:], "does not match its checksum"),
    ):
        path = store.file(1)
        path.write_bytes(change(path.read_bytes()))
        assert store.missing() == [1]
        with pytest.raises(InputError, match=why):
            store.join(tmp_path / f"f.{format}")
        make(tmp_path / "p", of, order=store.missing())
        store.join(tmp_path / f"f.{format}")


def test_a_piece_that_leads_elsewhere_is_not_read(tmp_path):
    store = make(tmp_path / "p", plan())
    moved = store.file(0).rename(tmp_path / "elsewhere")
    store.file(0).symlink_to(moved)
    with pytest.raises(InputError, match="not a file of this folder"):
        store.join(tmp_path / "f.mkv")


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"frames": 5}',
        '{"frames": [1, 2]}',
        "[" * 200_000,
        '{"bytes": 1e400}',
        "\xff",
        '{"frames": {"a": 1}, "bytes": -1}',
    ],
)
def test_a_foreign_note_is_no_note(tmp_path, note):
    store = make(tmp_path / "p", plan())
    store.file(0, "json").write_bytes(note.encode("latin-1"))
    assert store.missing() == [0]
    with pytest.raises(InputError, match="1 of 3 pieces are missing"):
        store.join(tmp_path / "f.mkv")


@pytest.mark.parametrize(
    "change",
    [
        {"count": 2**39}, {"count": -1}, {"fps": "fast"}, {"fps": 0}, {"width": 10**6}, {"codec": "no"}, {"scene": 5}, {"alpha": "yes"},
        {"alpha": True, "format": "mp4", "codec": "h264"}, {"more": 1}, {"width": True},
    ],
)  # fmt: skip
def test_a_plan_that_is_no_film_is_reported(tmp_path, change):
    make(tmp_path / "p", plan())
    path = tmp_path / "p" / "plan.json"
    document = json.loads(path.read_text())
    document["plan"] |= change
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="is not a film parts folder"):
        segment_folder.Parts.load(tmp_path / "p")


def test_a_plan_that_is_no_document_is_reported(tmp_path):
    folder = make(tmp_path / "p.parts", plan()).folder
    for text in ("[1]", "[" * 200_000, '{"plan": []}', '{"plan": 3, "about": 4}', '{"about": []}'):
        (folder / "plan.json").write_text(text)
        with pytest.raises(InputError):
            segment_folder.Parts.load(folder)
    (folder / "plan.json").unlink()
    (folder / "plan.json").symlink_to("/dev/zero")
    assert "device" in reported(encode(folder, "-o", tmp_path / "f.mkv"), 2)


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "bmp", "webp"])
def test_a_script_in_the_place_of_a_picture_is_no_picture(tmp_path, kind, ending):
    path = tmp_path / f"0.{ending}"
    path.write_text(SCRIPTS[kind].format(tmp_path / OTHER))
    with pytest.raises(InputError, match=r"is not a [A-Z]+ picture"):
        image_reader.read(path, False, SIZE)
    with pytest.raises(InputError, match=r"is not a [A-Z]+ picture"):
        image_reader.find(tmp_path / f"#.{ending}")


def test_a_picture_is_what_its_ending_says_and_of_its_size(tmp_path):
    write_png(image(0), tmp_path / "0.jpg")
    with pytest.raises(InputError, match="is not a JPEG picture"):
        image_reader.find(tmp_path / "#.jpg")
    write_png(image(0), tmp_path / "0.png")
    assert (image_reader.read(tmp_path / "0.png", False, SIZE) == image(0)).all()
    with pytest.raises(InputError, match="is not a PNG picture"):
        image_reader.read(tmp_path / "0.png", False, (32, 32))


def test_a_name_with_a_colon_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "concat:in").mkdir()
    for k in range(3):
        write_png(image(k), tmp_path / "concat:in" / f"{k}.png")
    done = encode("concat:in/#.png", "-o", "http:film.mkv", "--fps", "10")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "http:film.mkv").stat().st_size > 0
