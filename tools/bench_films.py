"""What films cost: `tools/bench.py record|memory|codecs|farm`. Ratios of one run; the clock is read around whole films."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

OVERHEAD_GOAL, SLOPE_GOAL, FARM_GOAL = 1.10, 1.0, 1.15


def job_of(folder: Path, name: str, target: str, **settings):
    from nnviz3d.app.render.film import job
    from nnviz3d.app.render.film.request import FilmRequest
    from nnviz3d.app.session.opening import Opened
    from nnviz3d.spec import toml
    from nnviz3d.spec.edit import Edit

    scene = toml.load(name, [Edit(path.replace("__", "."), value) for path, value in settings.items()])
    return job.make(Opened(scene, toml.find(name).parent, None), folder / target, FilmRequest())


def record_section(frames: int = 600) -> dict:
    """A film of `digits`, 1280 x 720: making it, against drawing its frames alone plus encoding them alone (goal: at most 1.10 times).

    By one process, as drawing and encoding alone are; then by as many as `record` takes.
    """
    from nnviz3d.app.render.film import pipeline
    from nnviz3d.app.render.film.frame_renderer import FrameRenderer
    from nnviz3d.video.encode import Encoder

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        what = job_of(folder, "digits", "film.mp4", record__fps=60, record__duration=frames / 60)
        kept, start = [], perf_counter()
        with FrameRenderer(what) as painter:
            for k in range(what.count):
                image = painter.frame(k)
                if k % 4 == 0 and len(kept) < 150:
                    kept.append(image)
            draw = perf_counter() - start
        record = what.scene.record
        start = perf_counter()
        encoder = Encoder(folder / "alone.mp4", what.kind.codec, (record.width, record.height), record.fps)
        for image in to_and_fro(kept, what.count):
            encoder.add(image)
        encoder.close()
        encode = perf_counter() - start
        start = perf_counter()
        pipeline.record(what)
        film = perf_counter() - start
        start = perf_counter()
        pipeline.record(job_of(folder, "digits", "again.mp4", record__fps=60, record__duration=frames / 60), jobs=None)
        cores = perf_counter() - start
    return {
        "frames": what.count, "draw_s": round(draw, 2), "encode_s": round(encode, 2), "film_s": round(film, 2),
        "film_against_both": round(film / (draw + encode), 3), "goal": OVERHEAD_GOAL, "ms_a_frame": round(1e3 * film / what.count, 1),
        "by_all_cores_s": round(cores, 2), "by_all_cores_against_both": round(cores / (draw + encode), 3),
    }  # fmt: skip


def to_and_fro(images: list, count: int) -> Iterator:
    """`count` pictures that move as the film's do: forth and back through those that were kept."""
    way = [*range(len(images)), *range(len(images) - 2, 0, -1)] or [0]
    for k in range(count):
        yield images[way[k % len(way)]]


def memory_section(frames: int = 10_000) -> dict:
    """How memory grows over a long film: megabytes for 1,000 frames, by least squares over the second half (goal: below 1)."""
    import numpy as np

    from nnviz3d.app.render.film import pipeline

    seen: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as name:
        what = job_of(
            Path(name), "digits", "film.mp4", record__width=320, record__height=180, record__fps=60, record__duration=frames / 60,
            record__ui=False, look__quality="low",
        )  # fmt: skip

        def note(done: int, _total: int) -> None:
            if done % 100 == 0:
                seen.append((done, resident()))

        pipeline.record(what, progress=note)
    k, mb = np.array(seen[len(seen) // 2 :]).T
    slope = float(np.polyfit(k, mb, 1)[0]) * 1000
    return {"frames": what.count, "mb_for_1000_frames": round(slope, 3), "goal": SLOPE_GOAL, "mb_at_half": mb[0], "mb_at_end": mb[-1]}


def resident() -> float:
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def codecs_section(frames: int = 120, only: frozenset[str] = frozenset()) -> dict:
    """Bits a pixel and frame, and milliseconds to encode one, of `learning` at 1280 x 720, for every codec that works, or `only` some."""
    from nnviz3d.app.render.film import job, pipeline
    from nnviz3d.app.render.film.frame_renderer import FrameRenderer
    from nnviz3d.app.render.film.request import FilmRequest
    from nnviz3d.app.session.opening import Opened
    from nnviz3d.video.codecs import CODECS, FORMATS, encoder_works

    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = job_of(folder, "learning", "f.mkv", record__fps=30)
        with FrameRenderer(plain) as painter:
            images = [painter.frame(k) for k in range(75, 75 + frames)]
        pixels = images[0].shape[0] * images[0].shape[1]
        for form, names in FORMATS.items():
            for codec in [c for c in names if c not in found and CODECS[c].depth == 8 and (not only or c in only)]:
                if codec.endswith("nvenc") and not encoder_works(CODECS[codec].encoder):
                    continue
                request = FilmRequest(codec=codec, frames=f"0..{frames - 1}")
                what = job.make(Opened(plain.scene, folder, None), folder / f"{codec}.{form}", request)
                parts = pipeline.open_parts(what)
                start = perf_counter()
                for number in range(parts.plan.pieces):
                    piece = parts.open(number)
                    for index in range(piece.next, piece.frames.stop):
                        piece.add(images[index])
                    piece.close()
                parts.join(what.target)
                spent = perf_counter() - start
                files = [what.target] if what.target.exists() else list(folder.glob(f"{codec}/*"))
                size = sum(path.stat().st_size for path in files)
                found[codec] = {"bits": round(8 * size / pixels / frames, 3), "ms_a_frame": round(1e3 * spent / frames, 1)}
    return found


ALONE = """
import json, os, resource, sys, time
from pathlib import Path
sys.path[:0] = {paths!r}
if {cores!r}:
    os.sched_setaffinity(0, {cores!r})
import bench_films
from nnviz3d.app.render.film import pipeline
what = bench_films.job_of(Path({folder!r}), "digits", {target!r}, **{settings!r})
start = time.perf_counter()
reported = pipeline.record(what, jobs={jobs})
end, others = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([end - start, time.process_time() + others.ru_utime + others.ru_stime, reported["frames"]]))
"""


def farm_section(frames: int = 600) -> dict:
    """A film of `digits`, 1280 x 720, by two processes, against half the time of one process that is held to one core (goal: 1.15).

    Rasterising in one thread everywhere (LP_NUM_THREADS=1). A process that is not held encodes on the other core, so two processes cannot
    be twice as fast as that one; its time is measured too. The start of the second process counts. While the machine has other work, only
    the processor times can be compared.
    """
    cores = sorted(os.sched_getaffinity(0))[:2]
    settings = {"record__fps": 60, "record__duration": frames / 60}
    os.environ["LP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        held, held_cpu, hashes = alone(name, "held.mp4", settings, cores[:1])
        free, free_cpu, _ = alone(name, "free.mp4", settings, [])
        both, both_cpu, found = alone(name, "both.mp4", settings, [], jobs=2)
    assert found == hashes, "the frames of two processes are those of one"
    return {
        "frames": len(hashes), "one_core_s": round(held, 2), "one_process_s": round(free, 2), "two_processes_s": round(both, 2),
        "against_half_of_one_core": round(both / (held / 2), 3), "goal": FARM_GOAL,
        "against_half_of_one_process": round(both / (free / 2), 3),
        "cpu_s": {"one_core": round(held_cpu, 1), "one_process": round(free_cpu, 1), "two_processes": round(both_cpu, 1)},
    }  # fmt: skip


def alone(folder: str, target: str, settings: dict, cores: list[int], jobs: int = 1) -> tuple[float, float, list[str]]:
    """Seconds of a film in a process of its own, the processor time of all that made it, and the hashes of its frames."""
    code = ALONE.format(paths=sys.path[:4], cores=cores, folder=folder, target=target, settings=settings, jobs=jobs)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout))


SECTIONS = {"record": record_section, "memory": memory_section, "codecs": codecs_section, "farm": farm_section}
