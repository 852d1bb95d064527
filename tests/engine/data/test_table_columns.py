"""What becomes of a table's columns: suggestions with their reasons, what a scene says instead, and the numbers that come out."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from nnviz3d.engine.data import load, tables
from nnviz3d.spec import toml
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import Data, Scene

RNG = np.random.default_rng(5)


def written(tmp_path, rows, names=None):
    lines = [",".join(map(str, row)) for row in ([names] if names else []) + [*rows]]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def data(**options) -> Data:
    return Data.model_validate({"kind": "csv", "file": "a.csv", "test_fraction": 0.0, **options})


def read(folder, **options):
    return load(data(**options), folder)


def facts(folder, **options) -> dict:
    found = tables.describe(folder / "a.csv", data(**options))
    return {column.key: column for column in found.columns}


# ---------------------------------------------------------------- what is left out by default

N = 40
NOISE = [f"{value:.3f}" for value in RNG.normal(size=N)]
GROUP = ["ab"[k * k % 3 % 2] for k in range(N)]
LEFT_OUT = {
    "row numbers without a name": ("", list(range(1, N + 1)), "row numbers: 1 to 40, each once"),
    "row numbers, shuffled": ("", RNG.permutation(N).tolist(), "row numbers: 0 to 39, each once"),
    "row numbers from 101 on, without a name": ("", list(range(101, N + 101)), "row numbers: 101 to 140"),
    "counting with a name": ("case", list(range(N)), "row numbers: 0 to 39"),
    "an ID": ("PassengerId", (1000 + 7 * np.arange(N)).tolist(), "an ID: 40 whole numbers, all different"),
    "an ID in lower case": ("customer_id", RNG.permutation(5000)[:N].tolist(), "an ID"),
    "names": ("name", [f"person {k}" for k in range(N)], "all 40 words are different"),
    "names, nearly all different": ("name", [f"person {k % 37}" for k in range(N)], "37 different words in 40 rows"),
    "a constant": ("unit", ["7.5"] * N, "the same in every row: 7.5"),
    "one word": ("unit", ["mm"] * N, "the same in every row: mm"),
    "nothing": ("empty", [""] * N, "holds no values"),
    "only words for nothing": ("empty", ["NA", "?"] * (N // 2), "holds no values"),
    "a copy of the target": ("again", GROUP, "a copy of the target"),
    "the target in numbers": ("code", [{"a": 3, "b": 8}[word] for word in GROUP], "determines the target"),
    "the target in other words": ("long", [{"a": "alpha", "b": "beta"}[word] for word in GROUP], "determines the target"),
}
KEPT = {
    "years": ("year", list(range(1980, 1980 + N))),
    "different numbers": ("mass", NOISE),
    "whole numbers, all different": ("mass", RNG.permutation(5000)[:N].tolist()),
    "words that come twice": ("maker", [f"maker {k % 20}" for k in range(N)]),
    "nearly the target": ("code", [{"a": 3, "b": 8}[word] for word in GROUP[:-2]] + [3, 8]),
    "zero and one": ("flag", [k // 3 % 2 for k in range(N)]),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_columns_that_say_nothing_are_left_out_and_said(tmp_path, case):
    name, cells, why = LEFT_OUT[case]
    folder = written(tmp_path, zip(cells, NOISE, GROUP, strict=True), [name, "noise", "group"])
    column = facts(folder)[name or "0"]
    assert column.use == "leave_out" and column.why.startswith(why)
    found = read(folder)
    assert found.feature_names == ("noise",) and any(note.startswith("left out: ") and why in note for note in found.notes)
    if column.kind != "empty":
        kind = "number" if column.kind == "number" else "words"
        assert read(folder, columns={name or "0": {"use": kind}}).x_train.shape[1] > 1, "the scene's word counts"


@pytest.mark.parametrize("case", KEPT)
def test_columns_that_may_say_something_are_kept(tmp_path, case):
    name, cells = KEPT[case]
    folder = written(tmp_path, zip(cells, NOISE, GROUP, strict=True), [name, "noise", "group"])
    assert facts(folder)[name].use in ("number", "words")


def test_what_is_suspicious_is_used_where_there_is_nothing_else(tmp_path):
    folder = written(tmp_path, zip(range(N), ["x"] * N, GROUP, strict=True), ["n", "unit", "group"])
    assert read(folder).feature_names == ("n",) and "no other input" in facts(folder)["n"].why


def test_plain_numbers_stay_as_they_are(tmp_path):
    """With the numbers of a file and a fixed seed: what such a table gave before columns had uses."""
    folder = written(tmp_path, [(k * 37 % 11 + 0.5, k * 17 % 7, k % 2) for k in range(12)], ["a", "b", "t"])
    found = load(Data(kind="csv", file="a.csv", seed=3), folder)
    assert found.feature_names == ("a", "b") and found.class_names == ("0", "1") and found.notes == ()
    assert np.concatenate([found.x_train, found.x_test]).sum() == sum(k * 37 % 11 + 0.5 + k * 17 % 7 for k in range(12))


def test_a_picture_keeps_its_empty_corners(tmp_path):
    pixels = RNG.integers(0, 256, (30, 64))
    pixels[:, 0] = 0
    folder = written(tmp_path, [(*row, k % 3) for k, row in enumerate(pixels)])
    assert read(folder).x_train.shape == (30, 64)


# ---------------------------------------------------------------- words


def test_words_are_one_hot_and_named(tmp_path):
    folder = written(tmp_path, [("male", 1, "x"), ("female", 2, "y"), ("NA", 3, "x"), ("male", 4, "y")], ["sex", "v", "k"])
    found = read(folder)
    assert found.feature_names == ("sex = female", "sex = male", "sex = missing", "v")
    assert found.x_train.tolist() == [[0, 1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3], [0, 1, 0, 4]]


def test_at_most_100_words_get_an_input_and_the_rest_is_other(tmp_path):
    cells = [f"w{k:03}" for k in range(103) for _ in range(3 if k < 100 else 2)]
    folder = written(tmp_path, [(word, k % 7, "xy"[k % 2]) for k, word in enumerate(cells)], ["word", "v", "k"])
    found = read(folder)
    names = [name for name in found.feature_names if name.startswith("word")]
    assert names == [*(f"word = w{k:03}" for k in range(100)), "word = other"]
    assert found.x_train[:, :101].sum(axis=1).tolist() == [1] * len(cells) and found.x_train[:, 100].sum() == 6
    assert '100 most frequent words get one input each, all others share "other"' in facts(folder)["word"].why


def test_codes_keep_their_zeros(tmp_path):
    folder = written(tmp_path, [(f"{k * 7 % 5:05}", k * 3 % 8, ["01067", "1067"][k % 2]) for k in range(20)], ["zip", "v", "town"])
    found = read(folder)
    assert found.class_names == ("01067", "1067") and found.feature_names[0] == "zip = 00000"


def test_classes_that_differ_only_in_capitals_are_said(tmp_path):
    folder = written(tmp_path, [(k * 5 % 7, ["Yes", "yes", "YES", "no"][k % 4]) for k in range(20)], ["v", "k"])
    found = read(folder)
    assert (
        found.class_names == ("YES", "Yes", "no", "yes") and "3 classes differ only in upper and lower case: YES, Yes, yes" in found.notes
    )


@pytest.mark.parametrize("words", [("None", "Insomnia"), ("NA", "DE"), ("null", "full"), ("-", "+"), ("?", "!"), ("nan", "daughter")])
def test_words_for_missing_are_classes_in_a_target_of_words(tmp_path, words):
    rows = [(k * 5 % 7, words[k % 2]) for k in range(20)] + [(3, "")]
    found = read(written(tmp_path, rows, ["v", "k"]), target="k")
    assert sorted(found.class_names) == sorted(words) and len(found.x_train) == 20
    assert "1 of 21 rows is left out because it has gaps" in found.notes
    assert facts(tmp_path, target="k")["k"].missing == 1 and facts(tmp_path, target="k")["k"].different == 2
    with pytest.raises(InputError, match="only one class"):
        read(tmp_path, columns={"k": {"gaps": "skip"}})


def test_a_target_of_numbers_has_gaps_where_words_for_nothing_stand(tmp_path):
    folder = written(tmp_path, [(k * 5 % 7, "NA" if k == 4 else k * 1.5) for k in range(30)], ["v", "y"])
    found = read(folder)
    assert found.task == "regression" and found.t_train[:, 0].tolist() == [k * 1.5 for k in range(30) if k != 4]


# ---------------------------------------------------------------- gaps


def test_few_rows_with_gaps_are_left_out_and_many_get_the_mean(tmp_path):
    few = [(("" if k == 3 else k * 7 % 11), k * 3 % 5, "xy"[k % 2]) for k in range(30)]
    assert len(read(written(tmp_path, few, ["a", "b", "k"])).x_train) == 29 and facts(tmp_path)["a"].gaps == "skip"
    many = [(("?" if k % 4 == 3 else float(k % 4)), k * 3 % 5, "xy"[k % 2]) for k in range(40)]
    found = read(written(tmp_path, many, ["a", "b", "k"]))
    assert len(found.x_train) == 40 and found.x_train[3::4, 0].tolist() == [1.0] * 10
    assert 'gaps of "a" get the mean of all rows' in found.notes


@pytest.mark.parametrize(
    ("gaps", "column", "extra"),
    [
        ("skip", [1, 1, 4], None),
        ("mean", [1, 1, 2, 4], None),
        ("most_frequent", [1, 1, 1, 4], None),
        ("own_class", [1, 1, 2, 4], [0, 0, 1, 0]),
    ],
)
def test_gaps_of_numbers_by_the_scene_s_word(tmp_path, gaps, column, extra):
    folder = written(tmp_path, [(1, 5, "x"), (1, 6, "y"), ("NA", 7, "x"), (4, 8, "y")], ["a", "b", "k"])
    found = read(folder, columns={"a": {"gaps": gaps}})
    assert found.x_train[:, 0].tolist() == column
    assert extra is None or (found.feature_names[1] == "a = missing" and found.x_train[:, 1].tolist() == extra)


@pytest.mark.parametrize(("gaps", "rows"), [("skip", [[1, 0], [0, 1], [0, 1]]), ("most_frequent", [[1, 0], [0, 1], [0, 1], [0, 1]])])
def test_gaps_of_words_by_the_scene_s_word(tmp_path, gaps, rows):
    folder = written(tmp_path, [("m", 1, "x"), ("", 2, "y"), ("w", 3, "x"), ("w", 4, "y")], ["s", "v", "k"])
    found = read(folder, columns={"s": {"gaps": gaps}})
    assert sorted(found.x_train[:, :2].tolist()) == sorted(rows)


def test_a_column_that_is_named_like_the_target_s_number_says_nothing_of_the_target(tmp_path):
    folder = written(tmp_path, [(("None", "p", "q")[k % 3], k * 7 % 11, k * 3 % 5) for k in range(30)], ["x", "0", "y"])
    assert read(folder, target="x", columns={"0": {"gaps": "skip"}}).class_names == ("None", "p", "q")
    assert read(folder, target="x", columns={"x": {"gaps": "skip"}}).class_names == ("p", "q")


def test_a_few_words_among_numbers_are_gaps_and_said(tmp_path):
    folder = written(tmp_path, [("unknown" if k == 5 else k * 7 % 11, k * 3 % 5, "xy"[k % 2]) for k in range(30)], ["a", "b", "k"])
    assert facts(folder)["a"].why == "1 cell is not a number ('unknown'): treated as a gap; 1 gap: rows with gaps are left out"
    assert len(read(folder).x_train) == 29


# ---------------------------------------------------------------- dates

DAY = datetime(2020, 3, 5, tzinfo=UTC)
FORMS = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%B %d, %Y", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M:%S"]


@pytest.mark.parametrize("form", FORMS)
def test_dates_are_seconds_and_cycles(tmp_path, form):
    days = [datetime.fromtimestamp(DAY.timestamp() + 86_400 * 17 * k + (3600 * 5 * k if "%H" in form else 0), UTC) for k in range(12)]
    lines = "\n".join(f'"{day.strftime(form)}",{k * 3 % 5},{"xy"[k % 2]}' for k, day in enumerate(days))
    (tmp_path / "a.csv").write_text(f"when,v,k\n{lines}\n")
    found = read(tmp_path)
    names = ["seconds", "month sin", "month cos", "weekday sin", "weekday cos", *(["hour sin", "hour cos"] if "%H" in form else [])]
    assert found.feature_names == (*(f"when: {name}" for name in names), "v")
    np.testing.assert_array_equal(found.x_train[:, 0], np.float32([day.timestamp() for day in days]))
    np.testing.assert_allclose(found.x_train[:, 1], [math.sin(2 * math.pi * (day.month - 1) / 12) for day in days], atol=1e-6)
    np.testing.assert_allclose(found.x_train[:, 4], [math.cos(2 * math.pi * day.weekday() / 7) for day in days], atol=1e-6)
    if "%H" in form:
        np.testing.assert_allclose(found.x_train[:, 5], [math.sin(2 * math.pi * day.hour / 24) for day in days], atol=1e-6)


def test_months_and_times_alone(tmp_path):
    folder = written(
        tmp_path,
        [(f"19{49 + k // 12}-{k % 12 + 1:02}", f"{k % 24:02}:30", k * 3 % 5, k * 1.5) for k in range(36)],
        ["month", "at", "v", "y"],
    )
    found = read(folder)
    assert found.feature_names == (
        "month: seconds",
        "month: month sin",
        "month: month cos",
        "at: seconds",
        "at: hour sin",
        "at: hour cos",
        "v",
    )
    assert found.x_train[0, 0] == np.float32(datetime(1949, 1, 1, tzinfo=UTC).timestamp()) and found.x_train[3, 3] == 3 * 3600 + 1800


def test_day_and_month_that_could_change_places_are_said(tmp_path):
    folder = written(
        tmp_path, [(f"{k % 9 + 1:02}/{k * 5 % 11 + 1:02}/2020", k * 3 % 5, "xy"[k % 2]) for k in range(20)], ["when", "v", "k"]
    )
    assert facts(folder)["when"].why == "dates, read as MM/DD/YYYY; day and month could be the other way round"


def test_a_date_is_no_target_by_itself(tmp_path):
    folder = written(tmp_path, [(k * 3 % 5, f"2020-01-{k + 1:02}") for k in range(20)], ["v", "when"])
    with pytest.raises(InputError, match='the target "when" holds dates'):
        read(folder)
    assert read(folder, columns={"when": {"use": "words"}}).n_outputs == 20


# ---------------------------------------------------------------- float64


def test_inputs_are_standardised_before_they_are_cut_to_float32(tmp_path):
    folder = written(tmp_path, [(1_700_000_000 + 60 * k, "xy"[k % 2]) for k in range(200)], ["t", "k"])
    found = read(folder, standardize=True)
    exact = np.arange(200) * 60.0
    np.testing.assert_allclose(found.x_train[:, 0], (exact - exact.mean()) / exact.std(), rtol=1e-6)
    assert len(np.unique(found.x_train)) == 200 and found.notes == ()


def test_values_that_fall_together_are_said_with_the_way_out(tmp_path):
    folder = written(tmp_path, [(1_700_000_000 + k, "xy"[k % 2]) for k in range(120)], ["t", "k"])
    assert '120 different values of "t" become 2 in float32; data.standardize = true keeps them distinct' in read(folder).notes
    spread = [(1e12 if k == 0 else k / 1e6, "xy"[k % 2]) for k in range(50)]
    assert any('50 different values of "t" become' in note for note in read(written(tmp_path, spread, ["t", "k"]), standardize=True).notes)


# ---------------------------------------------------------------- what a scene says


def test_everything_wrong_is_reported_at_once_one_line_a_column(tmp_path):
    folder = written(tmp_path, [("red", 1, "x"), ("blue", 2, "y"), ("red", 3, "x")], ["colour", "v", "k"])
    with pytest.raises(InputError) as caught:
        read(folder, columns={"color": {"use": "words"}, "9": {"use": "words"}}, target="kk")
    assert [problem.key for problem in caught.value.problems] == ["data.target", "data.columns.color", "data.columns.9"]
    assert all("columns: colour, v, k, or a number from 0 to 2" in problem.message for problem in caught.value.problems)
    with pytest.raises(InputError) as caught:
        read(folder, columns={"colour": {"use": "number"}, "v": {"use": "date"}, "k": {"use": "leave_out"}})
    reported = [str(problem) for problem in caught.value.problems]
    assert len(reported) == 3 and "data.columns.colour.use: no cell is a number: 2 different values, for example 'red'" in reported[0]


def test_names_with_dots_spaces_and_signs_are_set_from_the_command_line_and_kept_in_the_file(tmp_path):
    names = ["Sepal.Length", "a = b", 'say "x"', "größe (mm)", "k"]
    scene = toml.apply(Scene(), [
        toml.parse_set("data.kind=csv"), toml.parse_set("data.file=a.csv"), toml.parse_set("data.columns.Sepal.Length.use=leave_out"),
        toml.parse_set('data.columns."a = b".use="words"'), toml.parse_set('data.columns."say \\"x\\"".gaps=mean'),
        toml.parse_set("data.columns.größe (mm).use=number"),
    ])  # fmt: skip
    assert set(scene.data.columns) == set(names[:4])
    scene.save(tmp_path / "s.toml")
    assert Scene.load(tmp_path / "s.toml") == scene
    quoted = ["Sepal.Length", "a = b", '"say ""x"""', "größe (mm)", "k"]
    folder = written(tmp_path, [(k, k % 3, k * 7 % 5 + 0.5, k * 3 % 11, "xy"[k % 2]) for k in range(20)], quoted)
    assert load(scene.data, folder).feature_names == ("a = b = 0", "a = b = 1", "a = b = 2", 'say "x"', "größe (mm)")


def test_a_column_without_a_name_goes_by_its_number(tmp_path):
    folder = written(tmp_path, [(k * 7 % 11, k * 3 % 5, "xy"[k % 2]) for k in range(20)])
    assert read(folder, columns={"1": {"use": "leave_out"}}).feature_names == ("x1",)
    folder = written(tmp_path, [(k * 7 % 11, k * 3 % 5, "xy"[k % 2]) for k in range(20)], ["a", "a", "k"])
    with pytest.raises(InputError, match='"a" names 2 columns; give the 0-based number instead'):
        read(folder, columns={"a": {"use": "leave_out"}})


# ---------------------------------------------------------------- the target that is proposed


@pytest.mark.parametrize(
    ("names", "rows", "wanted"),
    [
        (["species", "mass", "year"], [("ab"[k % 2], k * 1.5, 2000 + k % 3) for k in range(20)], "species"),
        (["mass", "y", "kind"], [(k * 1.5, k % 5, "ab"[k % 2]) for k in range(20)], "kind"),
        (["mass", "name"], [(k * 1.5 % 7, f"person {k}") for k in range(30)], "mass"),
        (["day", "mass", "note"], [(f"2020-01-{k + 1:02}", k * 1.5 % 7, "") for k in range(20)], "mass"),
        (["mass", "tall", "id"], [(k * 1.5 % 7, k * 3 % 4, 5) for k in range(20)], "tall"),
    ],
)
def test_the_likeliest_target_is_proposed(tmp_path, names, rows, wanted):
    folder = written(tmp_path, rows, names)
    found = tables.describe(folder / "a.csv", data())
    assert found.columns[tables.guess(found)].name == wanted


def test_a_long_table_is_looked_at_evenly_and_says_so(tmp_path):
    folder = written(tmp_path, [(k % 7, k * 3 % 11, k // 500) for k in range(5000)], ["a", "b", "t"])
    found = tables.describe(folder / "a.csv", data(), 3000)
    assert not found.whole and 500 <= found.rows <= 1000 and found.columns[2].different == 10
