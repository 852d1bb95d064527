"""Files dropped on a window, and a table to drop."""

from __future__ import annotations

CSV = "height,weight,group\n" + "".join(f"{1.5 + k / 50},{50 + k * 3 % 17},{'ab'[k % 2]}\n" for k in range(20))


def drop(person, *files):
    person.host.dropped += [str(file) for file in files]
    person.frames(4)
