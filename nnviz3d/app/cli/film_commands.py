"""The command line of films: `record` and `encode`. As in `cli`, nothing slow is imported before a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nnviz3d.app.cli.options import Json, SceneName
from nnviz3d.app.render.film.request import FilmRequest

Target = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="F", help="film.mp4, .mkv, .webm, .mov, .gif, .apng, or pictures: film/####.png, .exr"),
]


def record(
    options: Any,
    scene: SceneName,
    target: Target,
    request: FilmRequest,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print shots, frames and size.")] = False,
    as_json: Json = False,
) -> None:
    """Make a film, frame by frame: the same scene and seed always give the same frames."""
    from nnviz3d.app.cli.commands.record import record as work

    raise typer.Exit(work(options, scene, target, request, dry_run=dry_run, as_json=as_json))


def encode(
    options: Any,
    source: Annotated[Path, typer.Argument(metavar="FILE.parts|PICTURES", help="The pieces made by `record --shard`, or frames/####.png.")],
    target: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="F", help="The film to write.", show_default="the folder's name without .parts")
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(
            "--fps", metavar="N", help="Frames per second: 30, 29.97, 24000/1001.", show_default="as they were recorded, if they were"
        ),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Format of a film made from pictures.", show_default="by the name")
    ] = None,
    codec: Annotated[
        str | None, typer.Option("--codec", metavar="NAME", help="Codec of a film made from pictures.", show_default="by the format")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Join the pieces of a film made with --shard, or make a film from numbered pictures."""
    from nnviz3d.app.cli.commands.encode import encode as work

    raise typer.Exit(work(options, source, target, fps=fps, format=format or "", codec=codec or "", overwrite=overwrite, as_json=as_json))
