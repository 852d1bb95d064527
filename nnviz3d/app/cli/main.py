"""The command line: what can be asked for, and how an outcome becomes an exit code.

0 done; 2 bad input or usage, with every problem on stderr and nothing written; 3 ran but could not finish; 130 Ctrl+C, SIGTERM, SIGHUP.
`--help` must be quick and must work without OpenGL, CUDA and a display, so every command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from nnviz3d import __version__
from nnviz3d.app.cli import film_commands, training_commands
from nnviz3d.app.cli.options import SIZE, Frames, Fullscreen, Headless, Json, Language, SceneName, Size, command, output
from nnviz3d.app.training import blas_threads
from nnviz3d.spec import file_extensions
from nnviz3d.spec.errors import InputError, together

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=False)


@app.callback(invoke_without_command=True)
def nnviz3d(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """See a neural network think and learn, in 3D, live. Without a command: `run` with the default scene."""
    if version:
        typer.echo(f"nnviz3d {__version__}")
        raise typer.Exit


@command(app)
def run(
    options: Any,
    scene: SceneName = "digits",
    headless: Headless = False,
    frames: Frames = None,
    size: Size = None,
    screenshot: Annotated[Path | None, output("F.png", "Save the last frame.", "--screenshot")] = None,
    stats: Annotated[Path | None, output("F.json", "Save milliseconds per stage (median, p99).", "--stats")] = None,
    fullscreen: Fullscreen = False,
    resume: Annotated[Path | None, output("F.safetensors", "Continue from this checkpoint.", "--resume")] = None,
    with_tour: Annotated[bool, typer.Option("--tour", help="Start with the guided tour (T in the window).")] = False,
    language: Language = None,
) -> None:
    """Open a window in which the scene's network learns, or a recording plays."""
    _window(options, scene, headless, frames, size, screenshot, stats, fullscreen, "1" if with_tour else "", language, resume)


@command(app)
def tour(
    options: Any,
    place: Annotated[str, typer.Argument(metavar="LESSON[.STEP]", help="Where to start, for example 3 or 3.2.")] = "1",
    headless: Headless = False,
    frames: Frames = None,
    size: Size = None,
    screenshot: Annotated[Path | None, output("F.png", "Save the last frame.", "--screenshot")] = None,
    fullscreen: Fullscreen = False,
    language: Language = None,
) -> None:
    """How a network learns, in eight short lessons. Leaving the tour opens the default scene."""
    _window(options, "digits", headless, frames, size, screenshot, None, fullscreen, place, language)


def _window(options, scene, headless, frames, size, screenshot, stats, fullscreen, place, language, resume=None) -> None:
    """`run` and `tour`: check everything, then open the window."""
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.render.film.request import parse_size
    from nnviz3d.app.session import opening

    if headless and frames is None:
        raise InputError.of("", "--frames", "--headless has no window to close; give the number of frames, for example --frames 300")
    if language is not None:
        options = replace(options, sets=(*options.sets, f"view.language={language}"))
    arriving = None if headless else opening.arriving(scene)
    opened, pixels, *_ = together(
        lambda: options.open("digits" if arriving else scene),
        lambda: parse_size(size) if size else None,
        lambda: common.check_outputs(screenshot=screenshot, stats=stats),
        lambda: file_extensions.check(screenshot, file_extensions.SCREEN, "screenshot"),
        lambda: file_extensions.check(stats, file_extensions.NUMBERS, "stats"),
        lambda: place and common.check_place(place),
    )
    from nnviz3d.app.window.run import run_window

    code = run_window(
        opened, backend=options.backend, headless=headless, frames=frames, size=pixels, screenshot=screenshot, stats=stats,
        fullscreen=fullscreen, tour=place, arriving=arriving, resume=resume, typed=tuple(edit.path for edit in options.edits()),
    )  # fmt: skip
    raise typer.Exit(code)


command(app)(training_commands.train)
command(app)(training_commands.watch)
command(app)(training_commands.export)
command(app)(training_commands.diff)


@command(app)
def shot(
    options: Any,
    scene: SceneName,
    target: Annotated[
        Path, typer.Option("-o", "--output", metavar="F.png", help="The image file to write; also .jpg, .webp, .tiff, .exr.")
    ],
    step: Annotated[int, typer.Option("--step", min=0, metavar="N", help="Train for N steps first.")] = 0,
    phase: Annotated[
        str | None,
        typer.Option("--phase", metavar="PLACE", help="A point inside the next step: input, forward:2@0.5, loss, ...", show_default=False),
    ] = None,
    size: Annotated[str, SIZE] = "1280x720",
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="With or without the overlay.")] = True,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="NAME", help="A camera preset, as in view.camera.", show_default="the scene's")
    ] = None,
    ssaa: Annotated[
        int, typer.Option("--ssaa", metavar="1|2|4", help="Supersampling: samples along each side of a pixel. Smoother and slower.")
    ] = 1,
    transparent: Annotated[bool, typer.Option("--transparent", help="Transparent (alpha) instead of a background.")] = False,
    depth: Annotated[int, typer.Option("--depth", metavar="8|16", help="Bits per channel of a PNG. F.exr: linear light.")] = 8,
) -> None:
    """Write one still picture, of any size up to 16384x16384."""
    from nnviz3d.app.cli.commands import common

    if camera is not None:
        options = replace(options, sets=(*options.sets, f"view.camera={camera}"))
    from nnviz3d.app.api import scene as api
    from nnviz3d.app.render import image_files
    from nnviz3d.app.render.film.request import parse_size

    opened, pixels, *_ = together(
        lambda: options.open(scene), lambda: parse_size(size), lambda: common.check_outputs(output=target),
        lambda: api.check_picture((16, 16), ssaa, depth), lambda: image_files.depth(target, depth, parse_size(size), transparent),
    )  # fmt: skip
    more = {"ssaa": ssaa, "transparent": transparent, "depth": depth}
    api.shot_file(opened, target, backend=options.backend, step=step, phase=phase, size=pixels, ui=ui, camera=camera, **more)
    options.say(f"wrote {target}")


command(app)(film_commands.record)
command(app)(film_commands.encode)


@command(app)
def demo(
    options: Any,
    scene: SceneName = "digits",
    folder: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Folder for demo.mp4 and demo.png.")] = Path("out"),
    as_json: Json = False,
) -> None:
    """Train the scene without a window and save a film and a picture of it."""
    from nnviz3d.app.cli.commands import common

    document, base = options.scene(scene)
    common.make_folder(folder)
    from nnviz3d.app.cli.demo import make

    with common.progress("frames", options.quiet) as advance:
        facts = make(document, base, folder, backend=options.backend, progress=advance)
    if as_json:
        common.emit(facts)
    else:
        for name, value in facts.items():
            typer.echo(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")


@command(app)
def inspect(
    options: Any,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A scene (file or name), a recording (.nnrec), weights (.safetensors), an ONNX model or data (a table, .npz, .npy, IDX).",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show what a scene, weights or data file contains."""
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.cli.commands import inspect as work

    facts = work.inspect(options, file)
    common.emit(facts) if as_json else typer.echo("\n".join(work.lines(facts)))
    if facts.get("problems"):
        raise typer.Exit(2)


@command(app)
def scenes(options: Any, as_json: Json = False) -> None:
    """List the shipped scenes."""
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.cli.commands.new import shipped

    found = shipped()
    common.emit(found) if as_json else typer.echo("\n".join(f"{scene['name']:<10} {scene['about']}" for scene in found))


@command(app)
def new(options: Any, name: Annotated[str, typer.Argument(metavar="NAME", help="The file to write; .toml is added.")]) -> None:
    """Write an annotated scene to start from."""
    from nnviz3d.app.cli.commands.new import new as work

    path = work(options, name)
    options.say(f"wrote {path}; see it with: nnviz3d run {path}")


@command(app)
def doctor(options: Any, as_json: Json = False) -> None:
    """Check this machine: OpenGL, CUDA, interop, codecs, fonts, locale; with advice on what to fix."""
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.cli.commands import doctor as work

    checks = work.examine(options)
    common.emit(work.document(checks)) if as_json else work.show(checks)
    raise typer.Exit(0 if work.able(checks) else 3)


@command(app)
def bench(
    options: Any,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[soak|scale]",
            help="soak: measure whether memory grows in a long run (see --hours). scale: cost of a frame against the network's size.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="SECTION",
            help="Only this section: start, frame, readings, equations, long_steps, capture, edges or neurons.",
            show_default=False,
        ),
    ] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", metavar="H", help="Length of a soak in hours, for example 0.05.", show_default="1")
    ] = None,
) -> None:
    """Measure milliseconds per stage, compared with the minimum for the same work in this process."""
    from nnviz3d.app import bench as benchmarks

    if what not in (None, "soak", "scale"):
        raise InputError.of("", "bench", f"expected nothing, soak or scale, found {what!r}; sections are given by --only")
    if hours is not None and not (what == "soak" and 0 < hours <= 10_000):
        raise InputError.of("", "--hours", "only for a soak: bench soak --hours H, above 0 and at most 10,000")
    if what and only:
        raise InputError.of("", "--only", f"{what} has no sections")
    if what == "scale":
        raise typer.Exit(benchmarks.main(as_json, scale=True))
    if what:
        raise typer.Exit(benchmarks.main(as_json, hours=1.0 if hours is None else hours))
    if only not in (None, *benchmarks.SECTIONS):
        raise InputError.of("", "--only", f"expected one of {', '.join(benchmarks.SECTIONS)}, found {only!r}")
    raise typer.Exit(benchmarks.main(as_json, only))


def main() -> None:
    """The entry point of the `nnviz3d` command. Ends the process."""
    from nnviz3d.app.cli import streams
    from nnviz3d.app.training import interrupts

    arguments = with_command(sys.argv[1:])
    blas_threads.from_the_start()
    streams.guard()

    def work() -> None:
        interrupts.interrupt()
        app(arguments, prog_name="nnviz3d")

    code = _run(work, arguments) or _run(sys.stdout.flush, arguments)
    streams.release()
    exec("")  # interrupted while a dataclass is made (by exec of a text), CPython would end with that signal; typer may have caught it
    sys.exit(code)


def _run(work: Callable[[], None], arguments: list[str]) -> int:
    """The exit code of what is done; what is a bug is raised."""
    try:
        work()
    except SystemExit as end:  # typer ends every run so
        if end.code == 2:
            from nnviz3d.app.cli.commands import outcome

            outcome.wrong_usage(arguments)
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from nnviz3d.app.cli.commands import outcome

        code = outcome.report(error, arguments)
        if code is None:
            raise
        return code
    return 0


def with_command(arguments: list[str]) -> list[str]:
    """`nnviz3d`, `nnviz3d --headless ...` and `nnviz3d FILE` mean `run`."""
    first = arguments[0] if arguments else ""
    is_scene = first.rstrip("/").endswith((".toml", ".nnrec")) or (not first and not arguments)
    is_scene = is_scene or (bool(first) and first not in _commands() and os.path.exists(first))  # noqa: PTH110  never raises
    is_option = first.startswith("-") and first not in ("--help", "--version", "-h")
    return ["run", *arguments] if is_scene or is_option else arguments


def _commands() -> set[str]:
    return {each.name or each.callback.__name__ for each in app.registered_commands if each.callback is not None}


if __name__ == "__main__":
    main()
