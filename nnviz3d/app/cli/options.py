"""The words of the command line that many commands share, and `command`, which gives each command the five that all of them take.

Imports nothing that is slow: `--help` must be quick, so what an option means is looked at when the command runs.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from nnviz3d.app.render.film.request import FilmRequest, Option
from nnviz3d.spec.errors import flag

Backend = Annotated[str, typer.Option("--backend", metavar="auto|cpu|cuda", help="Compute on the processor (cpu) or an NVIDIA GPU (cuda).")]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Random seed of weights and batches (train.seed).", show_default="the scene's")
]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a value of the scene; may be repeated.")]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="Print more; twice: everything.", show_default=False)]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]
COMMON = {"backend": (Backend, "auto"), "seed": (Seed, None), "sets": (Sets, None), "verbose": (Verbose, 0), "quiet": (Quiet, False)}

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
SceneName = Annotated[str, typer.Argument(metavar="SCENE", help="A scene file, the name of a shipped scene, or a recording (.nnrec).")]
Headless = Annotated[bool, typer.Option("--headless", help="Run without a window.")]
Frames = Annotated[int | None, typer.Option("--frames", min=1, metavar="N", help="Stop after N frames.", show_default=False)]
Fullscreen = Annotated[bool, typer.Option("--fullscreen", help="Start in full screen (F11 toggles it).")]
Language = Annotated[
    str | None,
    typer.Option("--lang", metavar="auto|en|de", help="Language of the guided tour (view.language).", show_default="the environment's"),
]
SIZE = typer.Option("--size", metavar="WxH", help="Picture size in pixels, for example 1280x720.")
Size = Annotated[str | None, SIZE]


def output(metavar: str, text: str, *names: str) -> Any:
    """An option that names a file."""
    return typer.Option(*names, metavar=metavar, help=text, show_default=False)


def film_options() -> list[inspect.Parameter]:
    """Every field of `FilmRequest` as an option, in its order."""
    hints, found = get_type_hints(FilmRequest, include_extras=True), []
    for field in dataclasses.fields(FilmRequest):
        option: Option = hints[field.name].__metadata__[0]
        name = flag(field.name) + (f"/--{option.off}" if option.off else "")
        kind = option.typed | None if field.default is None else option.typed
        shown = typer.Option(name, metavar=option.metavar or None, help=option.help, show_default=option.shown)
        parameter = inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[kind, shown]
        )  # fmt: skip
        found.append(parameter)
    return found


def command(app: typer.Typer) -> Callable:
    """Register `work(options, ...)` as a command that also takes the common options; they arrive as `options`.

    A parameter `request: FilmRequest` becomes the options of a film, and arrives as one object.
    """

    def register(work: Callable) -> Callable:
        signature = inspect.signature(work, eval_str=True)
        own = [parameter for name, parameter in signature.parameters.items() if name != "options"]
        films = film_options() if "request" in signature.parameters else []
        at = next((k for k, parameter in enumerate(own) if parameter.name == "request"), 0)
        own = [*own[:at], *films, *own[at + bool(films) :]]
        shared = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, (annotation, default) in COMMON.items()
        ]

        @functools.wraps(work)
        def run(*arguments, **keywords):
            from nnviz3d.app.cli.commands.common import Options

            backend, seed, sets, verbose, quiet = (keywords.pop(name) for name in COMMON)
            if films:
                keywords["request"] = FilmRequest(**{each.name: keywords.pop(each.name) for each in films})
            return work(Options(backend, seed, tuple(sets or ()), verbose, quiet), *arguments, **keywords)

        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + shared
        run.__dict__["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command()(run)
        return run

    return register
