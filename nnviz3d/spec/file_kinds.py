"""What a file is, known by its first bytes, and what can be done with it here. Names lie: a table may be called anything.

Only the first few thousand bytes are read, nothing is unpacked but the beginning of a gzip stream, and what is said is never a promise that
the file is sound: code that reads it checks it.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path

from nnviz3d.spec.errors import InputError

MODEL_FILES = ("model.safetensors", "model.safetensors.index.json")  # of a folder as Hugging Face writes it
BYTES = 1 << 16  # that are looked at: a line of a table may be long
LINES = 20  # of text, by which a table is recognised
NEAR = 512  # bytes in which a file that is no text has some that no text has


@dataclass(frozen=True)
class FileKind:
    """`name` for programs; `text` completes "F is ..."; `way`: what to do with it, "" where nnviz3d cannot use it. `{}` is its name."""

    name: str
    text: str
    way: str = ""


INSPECT = "look at it with `nnviz3d inspect {}`"
_EXPORT = "save its weights as safetensors: `safetensors.torch.save_file(model.state_dict(), 'w.safetensors')`, then --init w.safetensors"
_TO_ONNX = "nnviz3d opens ONNX models: convert it with"
SCENE = FileKind("scene", "a scene", "`nnviz3d run {}`")
RECORDING = FileKind("recording", "a recording of a training run", "`nnviz3d run {}`")
TIMELINE = FileKind("timeline", "a timeline of a session in a window", "film it: `nnviz3d record {} -o film.mp4`")
PIECES = FileKind("pieces", "a folder with the pieces of a film", "join them: `nnviz3d encode {}`")
FOLDER = FileKind("folder", "a folder")
MODEL_FOLDER = FileKind("model folder", "a folder with a model (safetensors)", "`nnviz3d {}`, or drop it on the window")
TABLE = FileKind("table", "a table", f"{INSPECT}, or drop it on the window")
ARRAYS = FileKind("arrays", "a file of numpy arrays", f"{INSPECT}, or drop it on the window")
IDX = FileKind("idx", "data in the IDX format", f"{INSPECT}, or drop it on the window")
WEIGHTS = FileKind("weights", "a file of weights (safetensors)", f"{INSPECT}, or start from it: `nnviz3d train SCENE --init {{}}`")
TEXT = FileKind("text", "a text")
EMPTY = FileKind("empty", "empty")
UNKNOWN = FileKind("unknown", "of an unknown type")
ONNX = FileKind("onnx", "an ONNX model", "look at it: `nnviz3d {}`, or drop it on the window")
PICKLE = FileKind("pickle", "a pickle, which could run any code", f"nnviz3d does not open it; {_EXPORT}")
TORCH = FileKind("torch", "a PyTorch file, which could run any code", f"nnviz3d does not open it; {_EXPORT}")
SCRIPT = FileKind(
    "torch",
    "a TorchScript model, which could run any code",
    f"{_TO_ONNX} `torch.onnx.export(torch.jit.load('{{}}'), x, 'model.onnx')`; weights alone can be saved as safetensors",
)
KERAS = FileKind("keras", "a Keras model", f"{_TO_ONNX} `model.export('model.onnx', format='onnx')` in Keras")
HDF5 = FileKind(
    "hdf5",
    "an HDF5 file",
    f"of a Keras model: {_TO_ONNX} `model.export('model.onnx', format='onnx')`, or save its weights as "
    ".safetensors; of data: save them as .npz or .csv",
)
EXCEL = FileKind("excel", "an Excel workbook", f"{INSPECT}, or save it as .csv")
PARQUET = FileKind("parquet", "a Parquet table", f"{INSPECT}, or save it as .csv")
OLD_OFFICE = FileKind("excel", "an old Office file", "save it as .csv")
BZIP2 = FileKind("packed", "packed (bzip2)", INSPECT)
XZ = FileKind("packed", "packed (xz)", INSPECT)
PICTURE, FILM = "picture", "film"
_OPENS = "nnviz3d opens scenes, recordings, models, tables, arrays and weights"

MAGIC = (  # offset, bytes, kind; the first that fits. Letters alone may be a column's name: BMI begins as a BMP picture does
    (0, b"\x93NUMPY", ARRAYS),
    (0, b"\x89HDF\r\n\x1a\n", HDF5),
    (0, b"PAR1", PARQUET),
    (0, b"ARROW1", FileKind("arrow", "an Arrow table", "save it as .csv")),
    (0, b"\x89PNG\r\n\x1a\n", FileKind(PICTURE, "a PNG picture")),
    (0, b"\xff\xd8\xff", FileKind(PICTURE, "a JPEG picture")),
    (0, b"GIF8", FileKind(FILM, "a GIF")),
    (8, b"WEBP", FileKind(PICTURE, "a WebP picture")),
    (8, b"AVI ", FileKind(FILM, "a film (AVI)")),
    (8, b"WAVE", FileKind("sound", "a sound (WAV)")),
    (0, b"II*\0", FileKind(PICTURE, "a TIFF picture")),
    (0, b"MM\0*", FileKind(PICTURE, "a TIFF picture")),
    (0, b"BM", FileKind(PICTURE, "a BMP picture")),
    (0, b"\x76\x2f\x31\x01", FileKind(PICTURE, "an EXR picture")),
    (4, b"ftypavif", FileKind(PICTURE, "an AVIF picture")),
    (4, b"ftyphei", FileKind(PICTURE, "a HEIF picture")),
    (4, b"ftypqt", FileKind(FILM, "a film (MOV)")),
    (4, b"ftyp", FileKind(FILM, "a film (MP4)")),
    (0, b"%PDF", FileKind("document", "a PDF document")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLD_OFFICE),
    (0, b"BZh", BZIP2),
    (0, b"\xfd7zXZ\0", XZ),
    (0, b"\x28\xb5\x2f\xfd", FileKind("packed", "packed (zstd)", "unpack it first")),
    (0, b"7z\xbc\xaf\x27\x1c", FileKind("packed", "packed (7z)", "unpack it first")),
    (0, b"Rar!", FileKind("packed", "packed (RAR)", "unpack it first")),
    (257, b"ustar", FileKind("packed", "a tar archive", "unpack it first")),
    (0, b"SQLite format 3\0", FileKind("database", "an SQLite database", "save a table of it as .csv")),
    (0, b"GGUF", FileKind("model", "a GGUF model", "open the folder of safetensors that it was made from: `nnviz3d FOLDER`")),
    (4, b"TFL3", FileKind("model", "a TensorFlow Lite model", f"{_TO_ONNX} `python -m tf2onnx.convert --tflite {{}} --output model.onnx`")),
    (0, b"\x7fELF", FileKind("program", "a program")),
    (0, b"MZ", FileKind("program", "a program")),
)


_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_CODE = re.compile(r"(import|from|def|class|function|#include|package|var|let|const) |#!|\"\"\"")
_SECTION = re.compile(r"\s*\[\[?\s*[\w.\"'-]+\s*\]\]?\s*(#.*)?")
_VALUE = re.compile(r"\s*[A-Za-z_][\w.-]*\s*=\s*(\"|'|\[|\{|true|false|[-+0-9])")


def of(path: str | os.PathLike) -> FileKind:
    """`UNKNOWN` also where nothing can be read. Never opens a device or a pipe."""
    path = Path(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return _folder(path)
        if not stat.S_ISREG(status.st_mode):
            return UNKNOWN
        with path.open("rb") as file:
            head = file.read(BYTES)
            kind = of_bytes(head, status.st_size)
            if kind is TORCH:  # the names of all its entries stand at its end
                file.seek(max(status.st_size - BYTES, 0))
                kind = SCRIPT if b"/code/__torch__" in head + file.read(BYTES) else kind
    except (OSError, ValueError):
        return UNKNOWN
    return kind


def of_bytes(head: bytes, size: int) -> FileKind:
    """`head`: the first `BYTES` of a file of `size` bytes."""
    if not head:
        return EMPTY
    near = head[:NEAR]
    text = not _CONTROL.search(near) and 2 * len(near.decode("ascii", "ignore")) > len(near)
    for offset, mark, kind in MAGIC:
        if head[offset : offset + len(mark)] == mark and (offset != 8 or head[:4] == b"RIFF") and not (text and mark.isalnum()):
            return kind
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return FileKind(FILM, "a film (WebM)" if b"webm" in head[:64] else "a film (Matroska)")
    if head[:2] == b"\x1f\x8b":
        return _packed(head)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _archive(head)
    if len(head) > 9 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= size - 8:
        return WEIGHTS
    if head[:2] == b"\0\0" and head[2:3] in b"\x08\x09\x0b\x0c\x0d\x0e" and 1 <= (head[3:4] or b"\0")[0] <= 8:
        return IDX
    if head[:1] == b"\x80" and (head[1:2] or b"\0")[0] in range(2, 6):
        return PICKLE
    if _protobuf(head):
        return ONNX
    return _text(head)


def refuse(path: str | os.PathLike, wanted: str, kind: FileKind | None = None) -> InputError:
    """What to raise where `wanted` ("a scene") was expected, and this file is of another kind."""
    kind, name = kind or of(path), os.fspath(path)
    way = kind.way.replace("{}", Path(name).name) or (_OPENS if kind.name not in ("empty", "text", "folder") else "")
    way = way if way.startswith("nnviz3d") else way[:1].upper() + way[1:]
    return InputError.of(name, "", f"is {kind.text}; expected {wanted}{'. ' if way else ''}{way}")


def textual(kind: FileKind) -> bool:
    """Whether it is text, or nothing is known of it."""
    return kind.name in ("table", "text", "scene", "timeline", "empty", "unknown")


def foreign(kind: FileKind) -> bool:
    """Whether it is surely none of the files that nnviz3d opens."""
    return kind.name in (PICTURE, FILM, "pickle", "torch", "keras", "hdf5", "model", "document", "database", "program", "sound")


def _folder(path: Path) -> FileKind:
    if (path / "index.jsonl").is_file():
        return RECORDING
    if any((path / name).is_file() for name in MODEL_FILES) or ((path / "config.json").is_file() and any(path.glob("*.safetensors"))):
        return MODEL_FOLDER
    return PIECES if (path / "plan.json").is_file() else FOLDER


def _packed(head: bytes) -> FileKind:
    """What a gzip file holds, by the beginning of it."""
    try:
        inner = of_bytes(zlib.decompressobj(31).decompress(head, BYTES), 1 << 62)
    except zlib.error:
        inner = UNKNOWN
    if inner in (TABLE, IDX):
        return FileKind(inner.name, f"{inner.text}, packed (gzip)", inner.way)
    return FileKind("packed", "packed (gzip)" + ("" if inner is UNKNOWN else f"; in it is {inner.text}"), "unpack it first")


def _archive(head: bytes) -> FileKind:
    """A zip file, by the name of its first entry and what else can be seen."""
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")].decode("utf-8", "replace")
    if name.endswith(".npy"):
        return ARRAYS
    if name.endswith(("/data.pkl", "/.format_version", "/version")):
        return TORCH
    if name in ("metadata.json", "config.json", "model.weights.h5"):
        return KERAS
    if name.startswith(("[Content_Types].xml", "_rels/", "xl/", "docProps/")):
        return EXCEL
    return FileKind(
        "packed", f"a zip archive{f' (with {name:.60})' if name.isprintable() and name else ''}", "unpack it first, or inspect it"
    )


def _protobuf(head: bytes) -> bool:
    """Whether it begins as an ONNX model does: the version of its format, then one of the fields that follow it."""
    return (
        head[:1] == b"\x08"
        and head[1:2] != b""
        and 1 <= head[1] <= 32
        and head[2:3] in (b"\x12", b"\x1a", b"\x22", b"\x28", b"\x32", b"\x3a", b"\x42")
    )


def _text(head: bytes) -> FileKind:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) & ~1].decode("utf-16", "ignore")
    elif b"\0" in head or sum(byte < 9 or 13 < byte < 32 for byte in head) > len(head) // 100:
        return UNKNOWN
    else:
        text = head.decode("utf-8-sig", "replace")  # bytes of another encoding stand for letters
    lines = [line for line in text.splitlines() if line.strip()]
    lines = (lines[:-1] if len(lines) > 1 and len(head) == BYTES else lines)[:LINES]  # the last one is cut
    if text.lstrip().startswith("{"):
        return TIMELINE if '"timeline"' in lines[0][:200] else TEXT
    if text.lstrip().startswith("<") or any(_CODE.match(line) for line in lines):
        return TEXT
    if any(_SECTION.fullmatch(line) or _VALUE.match(line) for line in lines):
        return SCENE
    return TABLE if _columns(lines) or (len(head) == BYTES and len(lines) == 1 and _columns(lines * 2)) else TEXT


def _columns(lines: list[str]) -> bool:
    """Whether most lines have as many cells as each other, parted by the same sign."""
    for sign in ("\t", ";", ",", "|", None):
        counts = [len(line.split(sign)) for line in lines]
        usual = max(set(counts), key=counts.count, default=0)
        if usual > 1 and counts.count(usual) >= max(0.6 * len(counts), 2) and (sign or _numbers(lines)):
            return True
    return False


def _numbers(lines: list[str]) -> bool:
    """Whether words parted by spaces are mostly numbers: else it is prose."""
    words = [word for line in lines for word in line.split()]
    return sum(bool(re.fullmatch(r"[-+]?[\d.,]+(e[-+]?\d+)?", word, re.IGNORECASE)) for word in words) > len(words) // 2
