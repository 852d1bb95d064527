"""A folder of pictures as a data set: one folder for each class, pictures of any format that Pillow reads by itself.

Sizes are read from the heads of files and judged before a pixel is decoded. Nothing outside the folder is read, also by links, and formats
that are read with the help of other programs (EPS, WMF) are not.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from nnviz3d.engine.data.dataset import Samples
from nnviz3d.engine.data.places import inside
from nnviz3d.spec import limits, paths
from nnviz3d.spec.errors import InputError, Problem
from nnviz3d.spec.scene import Data

FOREIGN = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "FITS", "PALM", "PDF"}  # others decode them, or nobody
SHOWN = 20  # problems that are reported one by one
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, ArithmeticError, MemoryError)  # what Pillow's readers raise
LEAST = 2  # pixels of a side


@dataclass
class Listing:
    """What is in the folder, before anything of it is opened."""

    classes: list[str] = field(default_factory=list)
    files: list[tuple[Path, int]] = field(default_factory=list)  # with the index of the class
    others: int = 0  # files whose names do not end as those of pictures
    problems: list[Problem] = field(default_factory=list)


def load(data: Data, base: Path) -> Samples:
    """Pictures scaled to `data.size`, values from 0 to 1: (rows, columns), or (3, rows, columns) in colour. Raises InputError with every
    problem of every file, `limits.DATA_VALUES` before any picture is decoded."""
    folder = inside(base, data.file, "file")
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such folder"
        raise InputError.of(str(folder), "data.file", f"{what}; expected a folder that has one folder of pictures for each class")
    found = _listed(folder)
    shape = (3, *data.size) if data.color else tuple(data.size)
    _judge(found, folder, int(np.prod(shape)))
    x = np.empty((len(found.files), *shape), np.uint8)
    for k, (path, _) in enumerate(found.files):
        try:
            x[k] = picture(path, data.size, data.color)
        except InputError as error:
            found.problems += error.problems
    if found.problems:
        raise _together(found.problems)
    t = np.array([label for _, label in found.files], np.int32)
    notes = (f"{found.others:,} files that are no pictures are left out",) if found.others else ()
    values = x.reshape(len(x), -1).astype(np.float32)
    values /= 255
    return Samples(folder.name, "classification", shape, values, t, tuple(found.classes), notes=notes)


def picture(path: Path, size: tuple[int, int], color: bool) -> np.ndarray:
    """(rows, columns) or (3, rows, columns) uint8 of one file: upright, on white where it is transparent, its middle scaled to `size`.
    Raises InputError for what is no picture, too large, too small or damaged."""
    where = str(path)
    paths.regular_file(path, limits.PICTURE_BYTES, "picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # judged here, by the size in its head
            with Image.open(path, formats=_formats()) as source:
                _check_size(where, source.size)
                source.draft("RGB" if color else "L", (4 * size[1], 4 * size[0]))
                return _scaled(source, size, color)
    except Image.DecompressionBombError as error:
        count = re.search(r"\d+", str(error))
        many = f"{int(count[0]):,}" if count else "too many"
        raise InputError.of(where, "data.file", f"{many} pixels; at most {limits.PICTURE_PIXELS:,} are allowed") from None
    except DAMAGE as error:
        raise InputError.of(where, "data.file", f"is not a picture that can be read, or a damaged one: {str(error)[:200]}") from None


def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in Image.OPEN if name not in FOREIGN)


def _check_size(where: str, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > limits.PICTURE_PIXELS:
        raise InputError.of(where, "data.file", f"{width:,} x {height:,} pixels; at most {limits.PICTURE_PIXELS:,} are allowed")
    if min(size) < LEAST:
        raise InputError.of(where, "data.file", f"{width} x {height} pixels; at least {LEAST} x {LEAST} are needed")


def _scaled(source: Image.Image, size: tuple[int, int], color: bool) -> np.ndarray:
    """The middle of the picture in the shape of `size`, averaged down or interpolated up."""
    image = ImageOps.exif_transpose(_eight_bits(source))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    image = image.convert("RGB" if color else "L")
    image = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.BILINEAR)
    array = np.asarray(image)
    return array.transpose(2, 0, 1) if color else array


def _eight_bits(source: Image.Image) -> Image.Image:
    """Of 16 bits and of numbers the upper eight: conversion would cut off all above 255."""
    if source.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(source).astype(np.uint16) >> 8).astype(np.uint8))
    if source.mode in ("I", "F"):
        values = np.asarray(source, np.float64)
        top = 255 if values.size and values.max() <= 255 else 65535
        return Image.fromarray(np.clip(np.nan_to_num(values) / top * 255, 0, 255).astype(np.uint8))
    return source


def _listed(folder: Path) -> Listing:
    """The folders in a folder, and the pictures in those, both by name. Hidden ones are left out; links must not lead out."""
    home, found, endings = folder.resolve(), Listing(), _endings()
    names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    for name in names:
        if not (folder / name).is_dir():
            found.others += 1
            continue
        if not _within(folder / name, home, found):
            continue
        files = sorted(entry.name for entry in os.scandir(folder / name) if not entry.name.startswith("."))
        pictures = [file for file in files if Path(file).suffix.lower() in endings]
        found.others += len(files) - len(pictures)
        if not pictures:
            found.problems.append(Problem(str(folder / name), "data.file", "has no pictures; put some into it, or remove it"))
            continue
        found.files += [(folder / name / file, len(found.classes)) for file in pictures if _within(folder / name / file, home, found)]
        found.classes.append(name)
    return found


def _endings() -> set[str]:
    Image.init()
    return {ending for ending, name in Image.EXTENSION.items() if name in Image.OPEN and name not in FOREIGN}


def _within(path: Path, home: Path, found: Listing) -> bool:
    try:
        outside = not path.resolve().is_relative_to(home)
    except (OSError, RuntimeError):  # a loop of links
        outside = True
    if outside:
        found.problems.append(Problem(str(path), "data.file", "is a link that leads out of the folder; put the pictures themselves there"))
    return not outside


def _judge(found: Listing, folder: Path, values: int) -> None:
    """Before memory is asked for. Raises InputError."""
    where, problems = str(folder), list(found.problems)
    if len(found.classes) < 2:
        only = f'only one class, "{found.classes[0]}"' if found.classes else "no folders with pictures"
        problems.append(Problem(where, "data.file", f"has {only}; at least two are needed, each in a folder of its own"))
    if len(found.classes) > limits.CLASSES:
        problems.append(Problem(where, "data.file", f"has {len(found.classes):,} classes; at most {limits.CLASSES:,} are allowed"))
    if len(found.files) > limits.PICTURES:
        problems.append(Problem(where, "data.file", f"has {len(found.files):,} pictures; at most {limits.PICTURES:,} are allowed"))
    if len(found.files) * values > limits.DATA_VALUES:
        count = f"{len(found.files):,} pictures of {values:,} numbers do not fit in memory"
        problems.append(Problem(where, "data.size", f"{count}; at most {limits.DATA_VALUES:,} numbers. Use a smaller size"))
    if len(problems) > len(found.problems) or len(problems) > SHOWN:
        raise _together(problems)


def _together(problems: list[Problem]) -> InputError:
    more = [Problem("", "data.file", f"and {len(problems) - SHOWN:,} more problems")] if len(problems) > SHOWN else []
    return InputError(*problems[:SHOWN], *more)
