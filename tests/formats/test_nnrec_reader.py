"""Recordings as files: what was written is read again, a crash at any byte costs one chunk, and a bad one is reported and never trusted."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nnviz3d.formats.nnrec import writer as nnrec_writer
from nnviz3d.formats.nnrec.index import INDEX, Facts, Head, chunk_name
from nnviz3d.formats.nnrec.reader import Recording
from nnviz3d.spec import limits
from nnviz3d.spec.errors import InputError, RunError

P, N = 7, 5
FACTS = Facts(name="d", task="classification", shape=(2,), train=9, test=3, outputs=("a", "b"), index=1, target=1)


def head(**changes) -> Head:
    facts = {"nnrec": 1, "scene": "", "versions": {}, "seed": 0, "backend": "cpu", "every": 1, "dtype": "F32"}
    return Head(**{**facts, "parameters": P, "neurons": N, "data": FACTS, **changes})


def numbers(step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.Generator(np.random.PCG64(step))
    return tuple(random.standard_normal(n, dtype=np.float32) for n in (P, N, N))


def write(folder, steps: int, every: int = 1, end: str = "steps", rows: int = 4, **changes):
    """Steps 0, `every`, 2 `every`, ..., a chunk for each `rows` of them."""
    writer = nnrec_writer.Writer(folder, head(every=every, **changes))
    writer.rows = rows
    for step in range(steps + 1):
        if step:
            writer.loss(step, 1.0 / step if step != 3 else float("nan"))
        if step % every == 0:
            writer.keep(step, step / 4, *numbers(step))
        if step % 5 == 0:
            writer.score(step, 0.5, 0.25, None)
    if end:
        writer.close(end)
    return folder


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "r.nnrec", 10)


def test_what_was_written_is_read_again(folder):
    recording = Recording(folder)
    assert recording.steps.tolist() == list(range(11)) and recording.last == 10 and len(recording.chunks) == 3
    for step in (0, 3, 4, 10, 5, 0):
        p, z, a = numbers(step)
        assert np.array_equal(recording.parameters(step), p)
        assert np.array_equal(recording.z(step), z) and np.array_equal(recording.activations(step), a)
        assert recording.epoch(step) == step / 4
    assert recording.loss.shape == (10,) and np.isnan(recording.loss[2]) and recording.loss_at(4) == np.float32(0.25)
    assert np.isnan(recording.loss_at(0)) and np.isnan(recording.loss_at(11))
    assert recording.scores == [(0, 0.5, 0.25, None), (5, 0.5, 0.25, None), (10, 0.5, 0.25, None)]
    assert (recording.end.end, recording.end.step) == ("steps", 10)
    assert recording.bytes == sum((folder / chunk_name(k)).stat().st_size for k in range(3))


def test_every_network_that_a_scene_may_hold_can_be_recorded():
    assert head(neurons=limits.NEURONS).neurons > limits.LAYERS * limits.UNITS  # an input and an output beside the layers


def test_gaps_and_halves(tmp_path):
    recording = Recording(write(tmp_path / "r.nnrec", 11, every=3, rows=2, dtype="F16"))
    assert recording.steps.tolist() == [0, 3, 6, 9] and recording.last == 9 and len(recording.loss) == 9
    assert [recording.at(step) for step in (-5, 0, 2, 3, 8.9, 9, 500)] == [0, 0, 0, 3, 6, 9, 9]
    assert [recording.beside(7, by) for by in (-9, -1, 0, 1, 9)] == [0, 3, 6, 9, 9]
    assert recording.parameters(6).dtype == np.float32
    assert np.array_equal(recording.parameters(6), numbers(6)[0].astype(np.float16).astype(np.float32))
    with pytest.raises(KeyError, match="step 7 is not recorded; the last recorded step before it is 6"):
        recording.parameters(7)


def test_losses_after_the_last_kept_step_wait_for_a_chunk(tmp_path):
    recording = Recording(write(tmp_path / "r.nnrec", 11, every=3, rows=2, end=""))
    assert recording.end is None and recording.last == 9, "steps 10 and 11 were never on the disk"


def test_what_16_bits_do_not_hold_is_the_largest_they_do(tmp_path):
    writer = nnrec_writer.Writer(tmp_path / "r.nnrec", head(dtype="F16"))
    writer.keep(0, 0.0, np.array([1e9, -1e9, 1, 2, 3, 4, 5], np.float32), *numbers(0)[1:])
    writer.close("steps")
    assert Recording(tmp_path / "r.nnrec").parameters(0)[:3].tolist() == [65504, -65504, 1]


def test_the_curve_is_thinned_and_has_no_holes(folder):
    step, loss = Recording(folder).curve(100)
    assert step.tolist() == [1, 2, 4, 5, 6, 7, 8, 9, 10] and np.allclose(loss, 1 / step)
    assert Recording(folder).curve(4)[0].tolist() == [1, 4, 7, 10]


def test_a_crash_at_any_byte_of_the_last_write_costs_one_chunk(tmp_path):
    """The last chunk and its line are cut at every byte; the order of the writes is the writer's."""
    whole = write(tmp_path / "whole.nnrec", 10, end="")
    index, last = (whole / INDEX).read_bytes(), (whole / chunk_name(1)).read_bytes()
    before = index[: index.rindex(b"\n", 0, -1) + 1]
    cut = tmp_path / "cut.nnrec"
    shutil.copytree(whole, cut)
    (cut / INDEX).write_bytes(before)
    (cut / chunk_name(1)).rename(cut / f"{chunk_name(1)}.part")
    for size in range(len(last)):  # while the chunk is written it has another name
        (cut / f"{chunk_name(1)}.part").write_bytes(last[:size])
        assert Recording(cut).steps.tolist() == [0, 1, 2, 3]
    (cut / f"{chunk_name(1)}.part").rename(cut / chunk_name(1))
    (cut / chunk_name(1)).write_bytes(last)
    for size in range(len(before), len(index)):  # while its line is written the line has no end
        (cut / INDEX).write_bytes(index[:size])
        assert Recording(cut).steps.tolist() == [0, 1, 2, 3]
    (cut / INDEX).write_bytes(index)
    recording = Recording(cut)
    assert recording.steps.tolist() == list(range(8)) and recording.end is None
    assert np.array_equal(recording.parameters(7), numbers(7)[0])


def test_the_index_is_written_after_its_chunk_is_safe(tmp_path, monkeypatch):
    order = []

    def synced(number, kept=os.fsync):
        found = os.fstat(number)
        index = tmp_path / "r.nnrec" / INDEX
        is_index = index.exists() and os.path.samestat(found, index.stat())
        order.append("sync folder" if stat.S_ISDIR(found.st_mode) else "sync index" if is_index else "sync new file")
        kept(number)

    monkeypatch.setattr(os, "replace", lambda a, b, kept=os.replace: (order.append(f"-> {b.name}"), kept(a, b))[1])
    monkeypatch.setattr(os, "fsync", synced)
    write(tmp_path / "r.nnrec", 3, end="")
    name = chunk_name(0)
    assert order[-4:] == ["sync new file", f"-> {name}", "sync folder", "sync index"]


def test_a_full_disk_keeps_what_is_whole(tmp_path):
    """RLIMIT_FSIZE makes a write fail as a full disk does, in a process of its own."""
    code = """
import resource, sys
from tests.formats.test_nnrec_reader import *
writer = nnrec_writer.Writer(Path(sys.argv[1]), head(parameters=4000))
writer.rows = 2
try:
    for step in range(9):
        writer.keep(step, 0.0, np.ones(4000, np.float32), *numbers(0)[1:])
        if step == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
except RunError as error:
    print(error)
""".replace("import resource", "from pathlib import Path\nimport resource")
    target = tmp_path / "r.nnrec"
    done = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large; 4 recorded steps are complete and can be played" in done.stdout
    assert Recording(target).steps.tolist() == [0, 1, 2, 3]
    assert sorted(path.name for path in target.iterdir()) == [chunk_name(0), chunk_name(1), INDEX]


def test_memory_stays_flat_while_it_is_scrubbed(tmp_path):
    """192 MB of chunks; what is mapped at a time are two of them."""
    writer = nnrec_writer.Writer(tmp_path / "r.nnrec", head(parameters=1_000_000))
    ones = np.ones(1_000_000, np.float32)
    for step in range(48):
        writer.keep(step, 0.0, ones, *numbers(0)[1:])
    writer.close("steps")
    code = """
import sys
from nnviz3d.formats.nnrec.reader import Recording
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
recording = Recording(sys.argv[1])
recording.parameters(0)
before, most = resident(), 0.0
for step in [*range(48), *range(47, -1, -1), *(7 * k % 48 for k in range(48))]:
    assert recording.parameters(step)[-1] == 1
    most = max(most, resident())
print(most - before)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "r.nnrec")], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2.5 * 32, "megabytes: two chunks and a row"


def test_a_recording_is_never_written_over_by_accident(tmp_path, folder):
    with pytest.raises(InputError, match="already exists; overwrite=True replaces it"):
        nnrec_writer.check(folder, False)
    nnrec_writer.check(folder, True)
    (folder / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match=r"contains files that do not belong to a recording \(thesis.txt\)"):
        nnrec_writer.check(folder, True)
    for name, reported in (("r.bin", "ends with .nnrec"), ("no/r.nnrec", "there is no folder"), ("x" * 300 + ".nnrec", "too long")):
        with pytest.raises(InputError, match=reported):
            nnrec_writer.check(tmp_path / name, False)
    (tmp_path / "file.nnrec").write_text("")
    with pytest.raises(InputError, match="exists and is not a recording"):
        nnrec_writer.check(tmp_path / "file.nnrec", True)


def test_overwriting_leaves_nothing_of_the_old_one(folder):
    write(folder, 3)
    assert sorted(path.name for path in folder.iterdir()) == [chunk_name(0), INDEX]
    assert Recording(folder).steps.tolist() == [0, 1, 2, 3]


# ---------------------------------------------------------------- from other people


def lines(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / INDEX).read_bytes().splitlines()]


def put(folder, rows) -> None:
    (folder / INDEX).write_text("".join(json.dumps(row) + "\n" for row in rows))


def edit(folder, line: int, **changes) -> None:
    rows = lines(folder)
    rows[line] |= changes
    put(folder, rows)


def tensors(folder, number: int, change) -> None:
    """Change a chunk, and let the index know its new size."""
    path = folder / chunk_name(number)
    held = load_file(path)
    change(held)
    save_file(held, path)
    edit(folder, number + 1, bytes=path.stat().st_size)


CASES = {
    "1e12 steps": (lambda f: edit(f, 1, last=10**12, until=10**12), ["line 2.last", "line 2.until"]),
    "1e12 kept": (lambda f: edit(f, 1, kept=10**12), ["line 2.kept"]),
    "a number of 5,000 digits": (lambda f: (f / "index.jsonl").write_text('{"nnrec": ' + "9" * 5000 + "}\n"), ["line 1"]),
    "negative": (lambda f: edit(f, 1, first=-1), ["line 2.first"]),
    "more kept than steps": (lambda f: edit(f, 2, kept=9), ["line 3.kept: 9 steps cannot lie between 4 and 7"]),
    "no order": (lambda f: edit(f, 2, first=2), ["does not follow step 3"]),
    "chunk out of turn": (lambda f: edit(f, 2, chunk=7), ["line 3.chunk: expected 1, found 7"]),
    "lines after the end": (lambda f: put(f, [*lines(f), lines(f)[1]]), ["ends before the last line"]),
    "a path of its own": (lambda f: edit(f, 1, file="../secret.safetensors"), ["line 2.file: unknown key"]),
    "nodes that are text": (lambda f: edit(f, 0, nodes="x" * 100_000), ["line 1.nodes: expected a list, found 'xxx"]),
    "a node that is a number": (lambda f: edit(f, 0, nodes=[3]), ["line 1.nodes.0: expected a table, found 3"]),
    "shapes of nothing": (
        lambda f: edit(f, 0, nodes=[{"name": "input", "kind": "input", "inputs": [], "shape": [0], "parts": 5}]),
        ["line 1.nodes.0.shape.0: expected greater than or equal to 1, found 0", "line 1.nodes.0.parts: expected a list, found 5"],
    ),
    "10,000 nodes": (lambda f: edit(f, 0, nodes=[{}] * 10_000), ["line 1.nodes"]),
    "no parameters": (lambda f: edit(f, 0, parameters=0), ["line 1.parameters"]),
    "1e9 parameters": (lambda f: edit(f, 0, parameters=10**9), ["line 1.parameters"]),
    "another version": (lambda f: edit(f, 0, nnrec=2), ["line 1.nnrec"]),
    "another type": (lambda f: edit(f, 0, dtype="BF16"), ["line 1.dtype"]),
    "nan": (lambda f: edit(f, 1, scores=[[0, float("nan"), 0, 0]]), ["line 2.scores.0.1"]),
    "not json": (lambda f: (f / "index.jsonl").write_bytes(b"hello\nworld\n"), ["line 1: not valid JSON", "line 2: not valid JSON"]),
    "not utf-8": (lambda f: (f / "index.jsonl").write_bytes(b'{"nnrec": "\xff\xfe"}\n'), ["line 1"]),
    "nested": (lambda f: (f / "index.jsonl").write_bytes(b"[" * 100_000 + b"\n"), ["line 1"]),
    "empty": (lambda f: (f / "index.jsonl").write_bytes(b""), ["was interrupted before its first entry"]),
    "no index": (lambda f: (f / "index.jsonl").unlink(), ["no such file"]),
    "no chunk": (lambda f: (f / chunk_name(1)).unlink(), ["000001.safetensors: no such file"]),
    "two problems": (
        lambda f: ((f / chunk_name(0)).unlink(), (f / chunk_name(2)).write_bytes(b"x")),
        ["000000.safetensors: no such file", "000002.safetensors: 1 bytes; the index says"],
    ),
    "other parameters": (lambda f: edit(f, 0, parameters=8), ["parameter: expected [4, 8] of F32, found [4, 7] of F32"] * 2),
    "other type than said": (lambda f: edit(f, 0, dtype="F16"), ["parameter: expected [4, 7] of F16, found [4, 7] of F32"]),
    "missing tensor": (lambda f: tensors(f, 1, lambda t: t.pop("z")), ["000001.safetensors: z: missing"]),
    "unknown tensor": (lambda f: tensors(f, 1, lambda t: t.update(q=t["z"])), ["q: is not part of a recording"]),
    "losses too few": (lambda f: tensors(f, 1, lambda t: t.update(loss=t["loss"][:2])), ["loss: expected [4] of F32, found [2] of F32"]),
    "steps that fall": (lambda f: tensors(f, 1, lambda t: t.update(step=t["step"][::-1].copy())), ["increasing steps from 4 to 7"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_bad_recording_is_reported(case, folder):
    spoil, reported = CASES[case]
    spoil(folder)
    with pytest.raises(InputError) as error:
        Recording(folder)
    text = str(error.value)
    assert [part for part in reported if part not in text] == [], text
    assert all(problem.where.startswith(str(folder)) for problem in error.value.problems if problem.where)
    assert len(text) < 20_000


def test_a_truncated_header_and_a_lying_one_are_reported(folder):
    path = folder / chunk_name(0)
    raw = path.read_bytes()
    for bad in (raw[:7], raw[:20], (10**15).to_bytes(8, "little") + raw[8:], raw[:8] + b"{" * (len(raw) - 8)):
        path.write_bytes(bad)
        edit(folder, 1, bytes=max(len(bad), 8))
        with pytest.raises(InputError, match=r"000000.safetensors"):
            Recording(folder)


def test_links_are_not_followed(folder, tmp_path):
    secret = tmp_path / "secret.safetensors"
    (folder / chunk_name(1)).rename(secret)
    (folder / chunk_name(1)).symlink_to(secret)
    with pytest.raises(InputError, match="is a link; a recording reads only its own files"):
        Recording(folder)
    (folder / INDEX).rename(tmp_path / "i")
    (folder / INDEX).symlink_to(tmp_path / "i")
    with pytest.raises(InputError, match=r"index\.jsonl: is a link"):
        Recording(folder)


def test_a_gigabyte_of_index_is_not_read(folder):
    with (folder / INDEX).open("r+b") as file:
        file.truncate(1 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="a recording's index holds at most"):
        Recording(folder)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_chunk_that_goes_while_it_plays_is_reported(folder):
    recording = Recording(folder)
    (folder / chunk_name(2)).unlink()
    with pytest.raises(RunError, match=r"000002.safetensors can no longer be read"):
        recording.parameters(9)
    assert np.array_equal(recording.parameters(1), numbers(1)[0])


def test_nan_in_numbers_is_the_readers_to_judge(folder):
    tensors(folder, 1, lambda t: t["parameter"].__setitem__((0, 0), np.nan))
    assert np.isnan(Recording(folder).parameters(4)[0])
