"""The commands `train`, `watch`, `export` and `diff`. Nothing slow is imported before a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nnviz3d.app.cli.options import Frames, Fullscreen, Headless, Json, SceneName, Size, output
from nnviz3d.spec.errors import together


def train(
    options: Any,
    scene: SceneName,
    steps: Annotated[
        int | None, typer.Option("--steps", min=0, metavar="N", help="Number of steps to train; else train.steps.", show_default="1000")
    ] = None,
    init: Annotated[Path | None, output("W.safetensors", "Start from these weights.", "--init")] = None,
    resume: Annotated[
        Path | None,
        output("F.safetensors", "Continue from this checkpoint for --steps more steps, exactly as without a break.", "--resume"),
    ] = None,
    save: Annotated[Path | None, output("F.safetensors", "Write weights and checkpoint to this file.", "--save")] = None,
    checkpoint: Annotated[
        int | None, typer.Option("--checkpoint", min=1, metavar="N", help="Also write --save every N steps.", show_default=False)
    ] = None,
    log: Annotated[Path | None, output("L.jsonl", "Write one JSON object per step.", "--log")] = None,
    as_json: Json = False,
    record: Annotated[Path | None, output("F.nnrec", "Store the run as a recording: play it with run F.nnrec.", "--record")] = None,
    every: Annotated[int | None, typer.Option("--every", min=1, metavar="N", help="Record every N-th step.", show_default="1")] = None,
    half: Annotated[bool, typer.Option("--half", help="Record 16-bit numbers: half the size.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing recording.")] = False,
) -> None:
    """Train without a window or pictures."""
    from nnviz3d.app.api.training import TrainRequest
    from nnviz3d.app.cli.commands.train import train as work

    request = TrainRequest(steps, init, resume, save, checkpoint, log, record, every, half, overwrite)
    raise typer.Exit(work(options, scene, request, as_json=as_json))


def export(
    options: Any,
    scene: SceneName,
    target: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="FILE.safetensors: weights. FILE.toml: the scene. FILE.py: a script.")
    ],
    weights: Annotated[Path | None, output("W.safetensors", "Use these weights.", "--weights")] = None,
    step: Annotated[int | None, typer.Option("--step", min=0, metavar="N", help="Train for N steps first.", show_default="0")] = None,
    language: Annotated[
        str | None, typer.Option("--as", metavar="numpy|torch", help="Library used by the script.", show_default="numpy")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the weights, the scene, or the network as a short stand-alone script."""
    from nnviz3d.app.cli.commands.export import export as work

    raise typer.Exit(work(options, scene, target, weights=weights, step=step, language=language, as_json=as_json))


def watch(
    options: Any,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="[ADDRESS]",
            help="tcp://HOST:PORT, unix:PATH or a file of messages (.nnwire); else the newest loop on this machine.",
            show_default=False,
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the loops on this machine that can be joined.")] = False,
    headless: Headless = False,
    frames: Frames = None,
    size: Size = None,
    screenshot: Annotated[Path | None, output("F.png", "Save the last frame.", "--screenshot")] = None,
    stats: Annotated[Path | None, output("F.json", "Save milliseconds per stage (median, p99).", "--stats")] = None,
    fullscreen: Fullscreen = False,
    as_json: Json = False,
) -> None:
    """Watch a training loop of your own: wait for one that calls nv.watch, or join one that runs."""
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.cli.commands import watch as work

    if listed:
        found = work.loops()
        common.emit([vars(each) for each in found]) if as_json else typer.echo("\n".join(work.lines(found)))
        return
    raise typer.Exit(work.window(options, address, headless, frames, size, screenshot, stats, fullscreen))


def diff(
    options: Any,
    a: Annotated[Path, typer.Argument(metavar="A", help="Weights, a checkpoint (.safetensors), or a folder with a model.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one, for example of a later step.")],
    picture: Annotated[Path | None, output("F.png", "Save a picture instead of opening a window.", "-o", "--output")] = None,
    size: Size = None,
    as_json: Json = False,
) -> None:
    """List what moved most between two models or checkpoints, and show it."""
    from nnviz3d.app.cli.commands import common
    from nnviz3d.app.cli.commands import diff as work
    from nnviz3d.app.render.film.request import parse_size

    pair, pixels, _ = together(
        lambda: work.pair(a, b), lambda: parse_size(size) if size else (1280, 720), lambda: common.check_outputs(output=picture)
    )
    common.emit(work.facts(pair)) if as_json else typer.echo("\n".join(work.lines(pair)))
    raise typer.Exit(work.show(options, pair, picture, pixels, as_json))
