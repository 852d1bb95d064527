"""Standard output and standard error that can fail: a full disk, a reader who has left, a descriptor that was closed.

What cannot be written to stderr is lost, and ends nothing. What cannot be written to stdout ends the command with a sentence and code 3.
"""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

from nnviz3d.spec.errors import RunError


class _Stream:
    """A stream whose failures are ours; all else is the stream's own."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._failed(error)
            return len(text)

    def writelines(self, lines) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)

    def _failed(self, error: OSError) -> None:
        """What waits goes nowhere, or Python would try again when it ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


class _Output(_Stream):
    """Raises again at every flush: who tries a stream by writing nothing, as click does, forgets the failure."""

    trouble = ""

    def flush(self) -> None:
        super().flush()
        if self.trouble:
            raise RunError(self.trouble)

    def _failed(self, error: OSError) -> None:
        super()._failed(error)
        self.trouble = f"standard output: {error.strerror or error}"
        raise RunError(self.trouble) from None


def release() -> None:
    """Before the process ends, where Python flushes both once more."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        setattr(sys, name, getattr(stream, "_stream", stream))


def guard() -> None:
    """From now on in this process. A stream that was closed before it began leads nowhere."""
    for name, kind in (("stdout", _Output), ("stderr", _Stream)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  as long as the process
        elif not isinstance(stream, _Stream):
            setattr(sys, name, kind(stream))
