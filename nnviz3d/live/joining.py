"""What a loop says of itself to a viewer that only asks."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from nnviz3d.live.addresses import Address, connect
from nnviz3d.live.wire import End, Hello, Reader, Structure, WireError, receive

SECONDS = 1.0  # that a loop may take to answer


@dataclass(frozen=True)
class Joinable:
    """A loop that can be joined. `what`: its framework and number of parameters, or why it does not answer."""

    run: str
    address: str
    what: str


def ask(address: Address) -> Joinable:
    """Never raises for a loop that answers badly, or not at all: it says so."""
    run, what = "?", ""
    try:
        with connect(address) as link:
            link.settimeout(SECONDS)
            while (message := receive(link.recv_into, Reader(0))) is not None:
                match message.header:
                    case Hello() as hello:
                        run = hello.run or "a training loop"
                    case Structure() as structure:
                        return Joinable(run, str(address), _described(structure))
                    case End() as end:
                        return Joinable(run, str(address), end.text or end.reason)
                    case _:
                        break
    except TimeoutError:
        what = "no step yet" if run != "?" else "does not answer"
    except WireError as error:
        what = f"no loop of this version: {error}"
    except OSError as error:
        what = error.strerror or str(error)
    return Joinable(run, str(address), what)


def _described(structure: Structure) -> str:
    count = sum(prod(place.shape) for place in structure.parameters)
    return ", ".join(filter(None, (structure.framework, f"{count:,} parameters")))
