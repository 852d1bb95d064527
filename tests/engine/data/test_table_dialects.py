"""Tables in the dialects that people have: the same numbers come out of each, and what is found can be said instead."""

from __future__ import annotations

import bz2
import datetime
import gzip
import lzma
import zipfile

import numpy as np
import openpyxl
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from nnviz3d.engine.data import load, tables
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data

X = [[1.288, -765.0], [0.066, 31.5], [-1.092, 1438.0], [22.25, 0.0], [0.546, -914.25], [3.0, 17.0]]
T = ["hoch", "tief", "hoch", "tief", "tief", "hoch"]


def read(path, **options):
    return load(Data.model_validate({"kind": "csv", "file": path.name, "test_fraction": 0.0} | options), path.parent)


def written(path, content, **options):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, **options)


def table(sep: str, decimal: str = ".", names=("Länge", "Breite", "Klasse"), end: str = "\n", quote: str = "") -> str:
    rows = [[*(repr(value).replace(".", decimal) for value in x), t] for x, t in zip(X, T, strict=True)]
    return "".join(sep.join(f"{quote}{cell}{quote}" for cell in row) + end for row in [list(names), *rows])


def is_the_table(found, names=("Länge", "Breite")) -> None:
    np.testing.assert_array_equal(found.x_train, np.float32(X))
    assert found.class_names == ("hoch", "tief") and found.t_train.tolist() == [int(word == "tief") for word in T]
    assert found.feature_names == names


DIALECTS = {
    "comma": table(","),
    "semicolon": table(";"),
    "tab": table("\t"),
    "bar": table("|"),
    "one space": table(" "),
    "many spaces": table("    "),
    "spaces and tabs, before and behind": "".join(f"  {line}\t \n" for line in table(" \t ").splitlines()),
    "decimal comma": table(";", ","),
    "decimal comma and tabs": table("\t", ","),
    "decimal comma in quotes": table(",", ",", quote='"'),
    "quotes": table(",", quote='"'),
    "single quotes": table(" ", quote="'"),
    "separators at the end": table(";", end=";\n"),
    "separators at the end of rows": table(",").replace("\n", ",\n").replace("Klasse,", "Klasse", 1),
    "separators at the end of names": table(",").replace("Klasse", "Klasse,", 1),
    "sep=": "sep=;\n" + table(";"),
    "sep= in quotes": '"sep=|"\r\n' + table("|", end="\r\n"),
    "title lines": "Messung 2024;;\nGerät A;;\n" + table(";"),
    "commented names": "# " + table(" "),
    "one title line": "My table\n" + table(","),
    "the typesetter's minus": table(";").replace("-", "\u2212"),
    "title lines without separators": "Messung, vom Montag\n\n" + table(";"),
    "Windows": table(";", ",", end="\r\n"),
    "old Mac": table(",", end="\r"),
    "mark": "\ufeff" + table(","),
    "UTF-16": table(";").encode("utf-16"),
    "UTF-16, other order": b"\xfe\xff" + table(";").encode("utf-16-be"),
    "UTF-16 without mark": table(";").encode("utf-16-le"),
    "gzip": gzip.compress(table(",").encode()),
    "bzip2": bz2.compress(table(";", ",").encode()),
    "xz": lzma.compress(table("\t").encode()),
    "two xz in one": lzma.compress(table("\t").encode()[:40]) + lzma.compress(table("\t").encode()[40:]),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_dialect_gives_the_same_numbers(tmp_path, name):
    is_the_table(written(tmp_path / "a.dat", DIALECTS[name]))


def test_an_archive_of_one_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/a.csv", table(";", ","))
        archive.writestr("__MACOSX/._a.csv", b"\0\1\2")
    is_the_table(read(tmp_path / "a.zip"))


def test_another_encoding_is_asked_for_and_then_read(tmp_path):
    raw = table(";", ",").encode("cp1252")
    with pytest.raises(InputError, match=r'data.encoding: not UTF-8 text \(the byte 0xe4\).*data.encoding = "cp1252"'):
        written(tmp_path / "a.csv", raw)
    is_the_table(read(tmp_path / "a.csv", encoding="cp1252"))


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("x:1,y,k\n".replace(":", ";") + "1;2,3,a\n4;5,6,b\n", {"delimiter": ",", "decimal": "."}),
        ("Über;uns\n" + table(";"), {"skip_lines": 1}),
        (table(";", ","), {"decimal": ",", "delimiter": ";", "header": "yes", "encoding": "utf-8", "skip_lines": 0}),
    ],
)
def test_what_is_found_can_be_given(tmp_path, content, options):
    found = written(tmp_path / "a.csv", content, **options)
    if options.get("delimiter") == ",":
        assert found.feature_names[-1] == "y" and found.x_train[:, -1].tolist() == [3, 6]
    else:
        is_the_table(found)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ('p,k\n"128,818",a\n"6,633",b\n500,a\n', [128818, 6633, 500]),
        ('p,k\n"1,234,567.5",a\n"-6,633",b\n', [1234567.5, -6633]),
        ("p;k\n1.234.567,5;a\n-6.633,25;b\n0,5;a\n", [1234567.5, -6633.25, 0.5]),
        ("p;k\n1 234 567,5;a\n12;b\n", [1234567.5, 12]),
        ("p;k\n1'234'567.5;a\n12;b\n", [1234567.5, 12]),
        ("p;k\n1,234;a\n2,345;b\n", [1.234, 2.345]),
        ('p,k\n"0,066",a\n"1,288",b\n', [0.066, 1.288]),
        ("p;q;k\n1.5;0,5;a\n2.5;0,25;b\n", None),
        ("p,k\n1e3,a\n-2.5E-2,b\n", [1000, -0.025]),
    ],
)
def test_decimals_and_thousands(tmp_path, content, values):
    found = written(tmp_path / "a.csv", content)
    if values is None:
        assert found.x_train.tolist() == [[1.5, 0.5], [2.5, 0.25]], "each column by its own sign"
    else:
        np.testing.assert_array_equal(found.x_train[:, 0], np.float32(values))


def test_a_decimal_comma_in_the_target_alone_is_a_number(tmp_path):
    found = written(tmp_path / "a.csv", "a;y\n1;0,5\n2;0,25\n3;0,5\n4;1,75\n")
    assert found.task == "regression" and found.t_train.tolist() == [[0.5], [0.25], [0.5], [1.75]]


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        ("2019,2020,label\n1,2,u\n3,4,v\n5,6,u\n", ("2019", "2020"), 3),
        ("0,1,2,3,y\n0.5,0.1,0.2,0.3,1\n0.4,0.2,0.6,0.1,0\n", ("0", "1", "2", "3"), 2),
        ("NA,2,0\n1,2,1\n3,5,0\n5,6,1\n4,7,0\n", ("x1", "x2"), 5),
        ("?,2,0\n1,2,1\n3,5,0\n5,6,1\n4,7,0\n", ("x1", "x2"), 5),
        (",2,0\n1,2,1\n3,5,0\n5,6,1\n4,7,0\n", ("x1", "x2"), 5),
        ("a,b,k\n,2,x\n,3,y\n1,,x\n7,4,y\n", ("a", "b"), 4),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n6.1,2.2,virginica\n", ("x1", "x2"), 3),
        ("1,2,dog\n3,4,cat\n", ("x1", "x2"), 2),
        ('"a, x, z, w, q";b;y\n1;2;3\n4;5;6\n', ("a, x, z, w, q", "b"), 2),
        ("Sepal.Length Species\n1 5.1 setosa\n2 4.9 other\n3 4.1 setosa\n", ("x1", "Sepal.Length"), 3),
        (",species,island\n0,Adelie,T\n1,Gentoo,B\n2,Adelie,B\n3,Gentoo,T\n4,Adelie,T\n", ("species = Adelie", "species = Gentoo"), 5),
        ("My table\na,k\n7,x\n8,y\n9,x\n", ("a",), 3),
        (",mass\n0,1.5\n1,2.5\n2,2.25\n", ("x1",), 3),
        ("date,v,k\n2020-01-05,1,a\n2020-02-06,2,b\n2020-02-07,3,b\n", None, 3),
    ],
)
def test_names_on_top_or_not(tmp_path, content, names, rows):
    found = written(tmp_path / "a.csv", content)
    assert len(found.x_train) + sum("rows are left out" in note for note in found.notes) >= 1
    facts = tables.describe(tmp_path / "a.csv", Data(kind="csv", file="a.csv"))
    assert facts.rows == rows
    if names:
        assert found.feature_names == names


def test_scikit_learn_s_own_first_line_is_sizes_and_classes(tmp_path):
    rows = "".join(f"{k / 10},{k % 3 + 0.5},{k * 7 % 11}.25,{k % 2}\n" for k in range(30))
    found = written(tmp_path / "a.csv", "30,3,malignant,benign\n" + rows)
    assert found.feature_names == ("x1", "x2", "x3") and len(found.x_train) == 30
    assert found.class_names == ("benign", "malignant") and found.t_train[:2].tolist() == [1, 0], "0 is malignant"


def test_orange_s_three_lines(tmp_path):
    head = "name\tlegs\ttype\twet\nstring\tc\td\td\nmeta\t\tclass\t\n"
    rows = "".join(f"animal {k}\t{k % 5 * 2}\t{['fish', 'bird'][k % 2]}\t{k % 3}\n" for k in range(12))
    found = written(tmp_path / "a.tab", head + rows)
    assert found.class_names == ("bird", "fish") and found.feature_names == ("legs", "wet") and len(found.x_train) == 12


# ---------------------------------------------------------------- Excel and Parquet


def workbook(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def test_excel_values_are_exact_and_titles_are_skipped(tmp_path):
    rows = [["Messung 2024"], [], ["Länge", "Breite", "Klasse"], *([*x, t] for x, t in zip(X, T, strict=True))]
    workbook(tmp_path / "a.xlsx", ("empty", []), ("data", rows))
    found = read(tmp_path / "a.xlsx")
    is_the_table(found)
    assert 'the sheet "data" of 2 is used' in found.notes[0]


def test_a_sheet_is_chosen_by_name(tmp_path):
    workbook(tmp_path / "a.xlsx", ("one", [["a", "k"], [1, "x"], [2, "y"]]), ("two", [["b", "k"], [3, "x"], [4.5, "y"]]))
    assert read(tmp_path / "a.xlsx", sheet="two").x_train.tolist() == [[3], [4.5]]
    with pytest.raises(InputError, match=r'data\.sheet: no sheet "three"; sheets: one, two'):
        read(tmp_path / "a.xlsx", sheet="three")


def test_excel_dates_and_gaps(tmp_path):
    days = [datetime.datetime(2020, 1, 1) + datetime.timedelta(days=40 * k) for k in range(8)]
    workbook(
        tmp_path / "a.xlsx", ("s", [["when", "v", "k"], *([day, None if k == 2 else k * 1.5, "ab"[k % 2]] for k, day in enumerate(days))])
    )
    facts = tables.describe(tmp_path / "a.xlsx", Data(kind="csv", file="a.xlsx"))
    assert [(column.use, column.missing) for column in facts.columns] == [("date", 0), ("number", 1), ("words", 0)]
    found = read(tmp_path / "a.xlsx")
    assert found.x_train[0, 0] == np.float32(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC).timestamp())


def test_parquet_keeps_names_and_every_digit(tmp_path):
    made = pyarrow.table(
        {"2019": [0.1, 1 / 3, None, 5e30], "when": [datetime.date(2020, m, 1) for m in (1, 2, 3, 4)], "k": ["a", "b", "a", "b"]}
    )
    parquet.write_table(made, tmp_path / "a.parquet")
    facts = tables.describe(tmp_path / "a.parquet", Data(kind="csv", file="a.parquet"))
    assert [(column.name, column.use, column.missing) for column in facts.columns] == [
        ("2019", "number", 1),
        ("when", "date", 0),
        ("k", "words", 0),
    ]
    found = read(tmp_path / "a.parquet", columns={"2019": {"gaps": "skip"}})
    np.testing.assert_array_equal(found.x_train[:, 0], np.float32([0.1, 1 / 3, 5e30]))


@pytest.mark.parametrize(("ending", "package"), [("xlsx", "openpyxl"), ("parquet", "pyarrow")])
def test_a_missing_package_is_named(tmp_path, monkeypatch, ending, package):
    workbook(tmp_path / "a.xlsx", ("s", [["a", "b"], [1, 2]]))
    parquet.write_table(pyarrow.table({"a": [1], "b": [2]}), tmp_path / "a.parquet")
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(InputError, match=rf'need the package {package}: pip install "nnviz3d\[tables\]"'):
        read(tmp_path / f"a.{ending}")


# ---------------------------------------------------------------- any table in any dialect

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from(["red", "dark blue", "a;b", 'say "x"'])), min_size=6, max_size=30),
    sep=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_is_what_is_read(tmp_path, rows, sep, decimal, encoding, end):
    cells = [["größe", "b", "farbe"], *([repr(a).replace(".", decimal), repr(b).replace(".", decimal), word] for a, b, word in rows)]
    text = "".join(sep.join('"' + cell.replace('"', '""') + '"' for cell in row) + end for row in cells)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    columns = {name: {"use": "number"} for name in ("größe", "b")}
    given_sign = {} if decimal == "." else {"decimal": ","}
    data = Data.model_validate({"kind": "csv", "file": "a.csv", "columns": columns, **given_sign})
    source, _, looked, _ = tables._read(tmp_path / "a.csv", data)
    assert (source.dialect.delimiter, source.dialect.header) == ({"\t": "tab"}.get(sep, sep), True)
    assert looked[0].values.tolist() == [a for a, _, _ in rows] and looked[1].values.tolist() == [b for _, b, _ in rows]
    assert looked[2].words.tolist() == [word for _, _, word in rows]
