"""The command line of films: `record` and `encode`. As in `cli`, nothing slow is imported before a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nnviz3d.app.cli.options import Json, SceneName, Size

Target = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="F", help="film.mp4, .mkv, .webm, .mov, .gif, .apng, or pictures: film/####.png, .exr"),
]


def record(
    options: Any,
    scene: SceneName,
    target: Target,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", metavar="NAME", help="draft 720p60 1080p60 1440p120 4k60 4k120 8k30 square vertical gif", show_default=False
        ),
    ] = None,
    size: Size = None,
    fps: Annotated[
        str | None, typer.Option("--fps", metavar="N", help="Frames a second: 30, 29.97, 24000/1001.", show_default="the scene's")
    ] = None,
    duration: Annotated[
        float | None, typer.Option("--duration", metavar="S", help="Seconds; a film with shots is cut there.", show_default="the scene's")
    ] = None,
    frames: Annotated[
        str | None, typer.Option("--frames", metavar="A..B", help="Only these, both counted, from 0.", show_default="all")
    ] = None,
    step: Annotated[int, typer.Option("--step", metavar="N", help="Only every N-th of them; the film runs N times as fast.")] = 1,
    format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="mp4 mkv webm mov gif apng png exr", show_default="by the file's name")
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            "--codec",
            metavar="NAME",
            help="auto, or h264 h265 av1 ffv1 vp9 prores gif apng png png16 exr, h264_nvenc h265_nvenc",
            show_default="by the format",
        ),
    ] = None,
    ssaa: Annotated[
        int | None, typer.Option("--ssaa", metavar="1|2|4", help="Pixels a side drawn for one of the film.", show_default="1")
    ] = None,
    motion_blur: Annotated[
        int | None, typer.Option("--motion-blur", metavar="N", help="Moments averaged in a frame, in linear light.", show_default="1")
    ] = None,
    shutter: Annotated[
        float | None, typer.Option("--shutter", metavar="0..1", help="Share of a frame's time that they cover.", show_default="0.5")
    ] = None,
    transparent: Annotated[
        bool | None, typer.Option("--transparent/--opaque", help="Without the stage behind the network.", show_default=False)
    ] = None,
    ui: Annotated[bool | None, typer.Option("--ui/--no-ui", help="With or without the panels.", show_default="without")] = None,
    burn_in: Annotated[
        bool | None, typer.Option("--burn-in/--no-burn-in", help="Frame, time code, step and seed in the picture.", show_default="without")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a film that was not finished.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell shots, frames and size.")] = False,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="I/N", help="Make part I of N; `nnviz3d encode` joins them.", show_default=False)
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", help="Processes of this machine that draw.", show_default="as many as are soonest done"),
    ] = None,
    farm: Annotated[
        str | None, typer.Option("--farm", metavar="WHERE", help="local:N or dask://HOST:PORT: on many machines.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a film, frame by frame: the same scene and seed give the same frames, however long each takes."""
    from nnviz3d.app.cli.commands.record import Wish
    from nnviz3d.app.cli.commands.record import record as work

    wish = Wish(
        preset=preset, size=size, fps=fps, duration=duration, frames=frames or "", step=step, format=format or "", codec=codec or "",
        ssaa=ssaa, motion_blur=motion_blur, shutter=shutter, transparent=transparent, ui=ui, burn_in=burn_in,
    )  # fmt: skip
    raise typer.Exit(
        work(
            options, scene, target, wish, resume=resume, overwrite=overwrite, dry_run=dry_run, shard=shard, jobs=jobs, farm=farm,
            as_json=as_json,
        )
    )  # fmt: skip


def encode(
    options: Any,
    source: Annotated[
        Path, typer.Argument(metavar="FILE.parts|PICTURES", help="The pieces that `record --shard` has made, or frames/####.png.")
    ],
    target: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="F", help="The film.", show_default="the folder's name without .parts")
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(
            "--fps", metavar="N", help="Pictures a second: 30, 29.97, 24000/1001.", show_default="as they were recorded, if they were"
        ),
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="Of a film of pictures.", show_default="by the name")
    ] = None,
    codec: Annotated[
        str | None, typer.Option("--codec", metavar="NAME", help="Of a film of pictures.", show_default="by the format")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    as_json: Json = False,
) -> None:
    """Join the pieces of a film that were made by shards, or make a film of numbered pictures."""
    from nnviz3d.app.cli.commands.encode import encode as work

    raise typer.Exit(work(options, source, target, fps=fps, format=format or "", codec=codec or "", overwrite=overwrite, as_json=as_json))
