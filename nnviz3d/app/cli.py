"""The command line: what can be asked for, and how an outcome becomes an exit code.

0 done; 2 bad input or usage, with every problem on stderr and nothing written; 3 ran but could not finish; 130 Ctrl+C.
`--help` must be quick and must work without OpenGL, CUDA and a display, so every command imports what it needs when it runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=False)

Backend = Annotated[str, typer.Option("--backend", metavar="auto|cpu|cuda", help="Where the numbers are computed.")]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Seed of weights and batches (train.seed).", show_default="the scene's")
]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a value of the scene; may be repeated.")]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="Say more; twice: everything.", show_default=False)]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say only what went wrong.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
SceneName = Annotated[str, typer.Argument(metavar="SCENE", help="A scene file, or the name of a shipped scene.")]
Size = Annotated[str | None, typer.Option("--size", metavar="WxH", help="Picture size in pixels, for example 1280x720.")]


def _options(backend: str, seed: int | None, sets: list[str] | None, verbose: int, quiet: bool):
    from nnviz3d.app.commands.common import Options

    return Options(backend, seed, tuple(sets or ()), verbose, quiet)


@app.callback(invoke_without_command=True)
def nnviz3d(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False,
) -> None:
    """See a neural network think and learn, in 3D, live. Without a command: `run` with the default scene."""
    if version:
        from nnviz3d import __version__

        typer.echo(f"nnviz3d {__version__}")
        raise typer.Exit


@app.command()
def run(
    scene: SceneName = "digits",
    headless: Annotated[bool, typer.Option("--headless", help="The same loop without a window.")] = False,
    frames: Annotated[
        int | None, typer.Option("--frames", min=1, metavar="N", help="End after so many frames.", show_default=False)
    ] = None,
    size: Size = None,
    screenshot: Annotated[
        Path | None, typer.Option("--screenshot", metavar="F.png", help="Save the last frame.", show_default=False)
    ] = None,
    stats: Annotated[
        Path | None, typer.Option("--stats", metavar="F.json", help="Save ms per stage (p50, p99).", show_default=False)
    ] = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen", help="Start in full screen (F11 changes it).")] = False,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Open a window in which the scene's network learns."""
    from nnviz3d.app.commands import common
    from nnviz3d.spec import toml
    from nnviz3d.spec.errors import InputError

    options = _options(backend, seed, sets, verbose, quiet)
    if headless and frames is None:
        raise InputError.of("", "--frames", "--headless has no window to close; say how many frames, for example --frames 300")
    (document, base), pixels, _ = common.together(
        lambda: options.scene(scene),
        lambda: common.parse_size(size) if size else None,
        lambda: common.check_outputs(screenshot=screenshot, stats=stats),
    )
    path = toml.find(scene)
    from nnviz3d.app.run import run_window

    code = run_window(
        document, base, backend=backend, headless=headless, frames=frames, size=pixels, screenshot=screenshot, stats=stats,
        fullscreen=fullscreen, path=path,
    )  # fmt: skip
    raise typer.Exit(code)


@app.command()
def train(
    scene: SceneName,
    steps: Annotated[
        int | None, typer.Option("--steps", min=0, metavar="N", help="At most so many; else train.steps.", show_default="1000")
    ] = None,
    init: Annotated[
        Path | None, typer.Option("--init", metavar="W.safetensors", help="Start from these weights.", show_default=False)
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="W.safetensors", help="Write the weights here.", show_default=False)
    ] = None,
    log: Annotated[Path | None, typer.Option("--log", metavar="L.jsonl", help="One JSON object a step.", show_default=False)] = None,
    as_json: Json = False,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Train without a picture."""
    from nnviz3d.app.commands.train import train as work

    options = _options(backend, seed, sets, verbose, quiet)
    raise typer.Exit(work(options, scene, steps=steps, init=init, save=save, log=log, as_json=as_json))


@app.command()
def shot(
    scene: SceneName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="F.png", help="The picture to write.")],
    step: Annotated[int, typer.Option("--step", min=0, metavar="N", help="Train so many steps first.")] = 0,
    phase: Annotated[
        str | None,
        typer.Option("--phase", metavar="PLACE", help="A place inside the next step: input, forward:2@0.5, loss, ...", show_default=False),
    ] = None,
    size: Size = "1280x720",
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="With or without the overlay.")] = True,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="NAME", help="A preset, as view.camera.", show_default="the scene's")
    ] = None,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Write one still picture."""
    from nnviz3d.app.commands import common

    options = _options(backend, seed, sets, verbose, quiet)
    if camera is not None:
        options = _options(backend, seed, [*(sets or ()), f"view.camera={camera}"], verbose, quiet)
    (document, base), pixels, _ = common.together(
        lambda: options.scene(scene), lambda: common.parse_size(size), lambda: common.check_outputs(output=output)
    )
    from nnviz3d.app.api import shot_file

    shot_file(document, base, output, backend=backend, step=step, phase=phase, size=pixels, ui=ui, camera=camera)
    options.say(f"wrote {output}")


@app.command()
def demo(
    scene: SceneName = "digits",
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where demo.mp4 and demo.png go.")] = Path("out"),
    as_json: Json = False,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Train the scene without a window and leave a film and a picture of it."""
    from nnviz3d.app.commands import common

    options = _options(backend, seed, sets, verbose, quiet)
    document, base = options.scene(scene)
    common.make_folder(output)
    from nnviz3d.app.demo import make

    with common.progress("frames", quiet) as advance:
        facts = make(document, base, output, backend=backend, progress=advance)
    if as_json:
        common.emit(facts)
    else:
        for name, value in facts.items():
            typer.echo(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")


@app.command()
def inspect(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A scene (file or name), weights (.safetensors) or data (.csv .npz .npy IDX).")
    ],
    as_json: Json = False,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Tell what a scene, weights or data file holds."""
    from nnviz3d.app.commands import common
    from nnviz3d.app.commands import inspect as work

    facts = work.inspect(_options(backend, seed, sets, verbose, quiet), file)
    common.emit(facts) if as_json else typer.echo("\n".join(work.lines(facts)))


@app.command()
def scenes(
    as_json: Json = False,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """List the shipped scenes."""
    from nnviz3d.app.commands import common
    from nnviz3d.app.commands.new import shipped

    _options(backend, seed, sets, verbose, quiet)
    found = shipped()
    common.emit(found) if as_json else typer.echo("\n".join(f"{scene['name']:<10} {scene['about']}" for scene in found))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The file to write; .toml is added.")],
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Write an annotated scene to start from."""
    from nnviz3d.app.commands.new import new as work

    options = _options(backend, seed, sets, verbose, quiet)
    path = work(options, name)
    options.say(f"wrote {path}; see it with: nnviz3d run {path}")


@app.command()
def doctor(
    as_json: Json = False,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Check this machine: OpenGL, CUDA, interop, codecs, fonts, locale; and what to do."""
    from nnviz3d.app.commands import common
    from nnviz3d.app.commands import doctor as work

    checks = work.examine(_options(backend, seed, sets, verbose, quiet))
    common.emit(work.document(checks)) if as_json else work.show(checks)
    raise typer.Exit(0 if work.able(checks) else 3)


@app.command()
def bench(
    as_json: Json = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="SECTION", help="start, frame, long_steps, edges or neurons.", show_default=False)
    ] = None,
    backend: Backend = "auto",
    seed: Seed = None,
    sets: Sets = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,
) -> None:
    """Measure ms per stage next to the raw floor of the same work in this process."""
    _options(backend, seed, sets, verbose, quiet)
    from nnviz3d.app import bench as benchmarks
    from nnviz3d.spec.errors import InputError

    if only not in (None, *benchmarks.SECTIONS):
        raise InputError.of("", "--only", f"expected one of {', '.join(benchmarks.SECTIONS)}, found {only!r}")
    raise typer.Exit(benchmarks.main(as_json, only))


def main() -> None:
    """The entry point of the `nnviz3d` command. Ends the process."""
    arguments = with_command(sys.argv[1:])
    try:
        app(arguments, prog_name="nnviz3d")
    except SystemExit as end:  # typer ends every run so
        if end.code == 2:
            from nnviz3d.app.commands import outcome

            outcome.wrong_usage(arguments)
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from nnviz3d.app.commands import outcome

        code = outcome.told(error, arguments)
        if code is None:
            raise
        sys.exit(code)


def with_command(arguments: list[str]) -> list[str]:
    """`nnviz3d`, `nnviz3d --headless ...` and `nnviz3d my.toml` mean `run`."""
    first = arguments[0] if arguments else ""
    is_scene = first.endswith(".toml") or (not first and not arguments)
    is_option = first.startswith("-") and first not in ("--help", "--version", "-h")
    return ["run", *arguments] if is_scene or is_option else arguments


if __name__ == "__main__":
    main()
