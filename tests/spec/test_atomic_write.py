"""One way to write a file: whole or not at all, and never over a file that another process is writing."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from nnviz3d.spec import paths
from nnviz3d.spec.errors import InputError


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes(b"old")
    paths.write(file, b"new")
    assert file.read_bytes() == b"new" and [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_goes_wrong_leaves_the_old_file_and_no_other(tmp_path, error):
    file = tmp_path / "a.txt"
    file.write_bytes(b"old")
    with pytest.raises(type(error)), paths.replacing(file) as part:
        part.write_bytes(b"half of the n")
        raise error
    assert file.read_bytes() == b"old" and [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_place_that_takes_no_file_is_an_input_error_with_its_name(tmp_path):
    for name in (tmp_path / "missing" / "a.txt", tmp_path / "a\0b"):
        with pytest.raises(InputError, match="cannot be written"):
            paths.write(name, b"x")


def test_files_that_are_written_at_the_same_time_do_not_meet(tmp_path):
    texts = [bytes([k]) * 100_000 for k in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda raw: paths.replace(tmp_path / "a.bin", raw), texts))
    assert (tmp_path / "a.bin").read_bytes() in texts and len(list(tmp_path.iterdir())) == 1


def test_a_durable_file_is_on_the_disk_before_its_name_is(tmp_path, monkeypatch):
    order = []

    def synced(number, kept=os.fsync):
        order.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else f"{os.fstat(number).st_size} bytes")
        kept(number)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", lambda a, b, kept=os.replace: (order.append(b.name), kept(a, b))[1])
    paths.replace(tmp_path / "a.bin", b"12345", durable=True)
    assert order == ["5 bytes", "a.bin", "folder"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_new_file_has_the_permissions_that_the_person_gives_to_files(tmp_path):
    before = os.umask(0o027)
    try:
        paths.write(tmp_path / "a.txt", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640
