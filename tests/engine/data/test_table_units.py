"""Numbers with a unit beside them, a line of units below the names, a last line that adds up the others, dates with a few words."""

import numpy as np
import pytest

from nnviz3d.engine.data import load, tables
from nnviz3d.engine.data.tables.affix import parted
from nnviz3d.spec.scene import Data


def table(folder, text, **more):
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return load(Data(kind="csv", file="t.csv", test_fraction=0, **more), folder)


def use(folder, text, **more):
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return {each.name: each for each in tables.describe(folder / "t.csv", Data(kind="csv", file="t.csv", **more)).columns}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$1,216.62", ("1,216.62", "$")),
        ("-$5", ("-5", "$")),
        ("CHF 12.50", ("12.50", "CHF")),
        ("2.179.445 €", ("2.179.445", "€")),
        ("46%", ("46", "%")),
        ("21.4 km", ("21.4", "km")),
        ("-3,5 °C", ("-3,5", "°C")),
        ("1\u202f234,5 m²", ("1\u202f234,5", "m²")),
        ("C-10000", ("C-10000", "")),  # a code
        ("A12", ("A12", "")),
        ("2/5", ("2/5", "")),
        ("(45.20)", ("-45.20", "")),
        ("($1,200)", ("-1,200", "$")),
        ("(a)", ("(a)", "")),
        ("(-5)", ("(-5)", "")),
        ("3-4", ("3-4", "")),
        ("12", ("12", "")),
    ],
)
def test_a_unit_is_reported_from_a_code(text, found):
    assert parted(text) == found


@pytest.mark.parametrize(
    ("pattern", "unit"),
    [("${:,.2f}", "$"), ("{:.1f} km", "km"), ("{:.0f}%", "%"), ("EUR {:.2f}", "EUR"), ("{:.1f} °C", "°C")],
)
def test_numbers_with_a_sign_are_numbers_as_input_and_as_target(tmp_path, pattern, unit):
    values = np.linspace(1000, 4000, 40).round()
    rows = "\n".join(f'"{pattern.format(v)}",{k % 7}.5,"{pattern.format(v * 2)}"' for k, v in enumerate(values))
    found = table(tmp_path, f"p,x,q\n{rows}\n", standardize=False)
    assert found.task == "regression"
    assert found.feature_names == (f"p ({unit})", "x")
    assert found.class_names == (f"q ({unit})",)
    assert np.array_equal(found.x_train[:, 0].min(), 1000)
    assert {round(unit.low) for unit in found.units} == {2000}
    assert use(tmp_path, f"p,x,q\n{rows}\n")["p"].why == f'numbers with the unit "{unit}"'


def test_a_german_price_has_its_decimals(tmp_path):
    rows = "\n".join(f"1.{k:03d},50 €;{k}" for k in range(30))
    found = table(tmp_path, f"Preis;Alter\n{rows}\n", task="regression", standardize=False)
    assert sorted(found.x_train[:, 0].tolist())[:2] == [1000.5, 1001.5]


def test_codes_and_words_with_numbers_stay_words(tmp_path):
    rows = "\n".join(f"{k % 9:03d} km,Haus {k % 3},{k % 5}a{k % 2},{k}.5" for k in range(60))
    found = use(tmp_path, f"a,b,c,y\n{rows}\n")
    assert {found[name].kind for name in "abc"} == {"words"}


def test_a_line_of_units_is_no_row_and_the_units_are_shown(tmp_path):
    rows = "\n".join(f"{k * 3 % 17}.5,{k * 5 % 13}.25,{k * k}.5" for k in range(20))
    found = table(tmp_path, f"Temp,Pressure,Yield\ndegC,[kPa],%\n{rows}\n")
    assert found.feature_names == ("Temp (degC)", "Pressure (kPa)")
    assert found.class_names == ("Yield (%)",)
    assert len(found.x_train) == 20
    assert "the line below the names holds units: degC, kPa, %" in found.notes


def test_questions_below_the_names_are_no_rows(tmp_path):
    """As a well-known survey tool exports: names, what was asked, and where it comes from."""
    asked = "How satisfied are you with, all in all, our work?,Your age,Again?\n".replace("with, all in all,", "with all in all")
    asked += '"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}","{""ImportId"":""QID3""}"\n'
    rows = "\n".join(f"{k % 7 + 1},{20 + k},{['yes', 'no'][k % 2]}" for k in range(40))
    found = table(tmp_path, f"Q1,Q2,Q3\n{asked}{rows}\n")
    assert len(found.x_train) == 40 and found.class_names == ("no", "yes") and found.feature_names == ("Q1", "Q2")
    assert "2 lines below the names describe the columns and are no row" in found.notes


def test_a_first_row_with_gaps_is_no_line_of_units(tmp_path):
    rows = "\n".join(f"{k * 3 % 17}.5,{k * 5 % 13}.25,{k * k}.5" for k in range(40))
    assert len(table(tmp_path, f"a,b,c\nNA,1.5,2.5\n{rows}\n").x_train) == 40
    assert len(table(tmp_path, f"a,b,c\nrefused,refused,2.5\n{rows}\nrefused,refused,3.5\n").x_train) in (40, 42)


@pytest.mark.parametrize("last", ["Total,190,{}", "Summe:,190,{}", ",,{}"])
def test_a_last_line_of_totals_is_no_row(tmp_path, last):
    rows = "\n".join(f"2024-{k // 28 + 1:02d}-{k % 28 + 1:02d},{k % 11},{k * 1.5}" for k in range(60))
    found = table(tmp_path, f"day,n,y\n{rows}\n{last.format(90 * 59 / 2)}\n", standardize=False)
    assert len(found.x_train) == 60
    assert any(name.startswith("day: ") for name in found.feature_names)
    if "190" in last:
        assert any("is left out because it is a total of the others" in note for note in found.notes)


def test_a_mean_below_a_sum_is_no_row_either(tmp_path):
    rows = "\n".join(f"{k}a,{k % 11},{k * 1.5}" for k in range(60))
    assert len(table(tmp_path, f"room,n,y\n{rows}\nTotal,300,2655.0\nMean,5,44.25\n").x_train) == 60


def test_numbers_in_brackets_among_others_are_negative(tmp_path):
    rows = "\n".join(f"{k},{f'({k}.50)' if k % 3 else f'{k}.50'}" for k in range(1, 61))
    found = table(tmp_path, f"n,change\n{rows}\n", task="regression")
    assert (found.units[0].low, found.units[0].high) == (-59.5, 60.5) if found.units else found.t_train.min() == -59.5


@pytest.mark.parametrize(("first", "form"), [("Jan-49", "Mon-YY"), ("Jan 1949", "Mon YYYY"), ("1949-Jan", "YYYY-Mon")])
def test_months_by_name_are_dates(tmp_path, first, form):
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    rows = "\n".join(f"{first.replace('Jan', names[k % 12]).replace('49', str(49 + k // 12))},{k * 1.5}" for k in range(48))
    assert use(tmp_path, f"month,passengers\n{rows}\n")["month"].why == f"dates, read as {form}"


def test_a_row_named_total_among_others_stays(tmp_path):
    rows = "\n".join(f"{['sum', 'mean', 'total'][k % 3]},{k},{k * 1.5}" for k in range(60))
    assert len(table(tmp_path, f"how,n,y\n{rows}\n").x_train) == 60


def test_dates_with_a_few_words_among_them_are_dates(tmp_path):
    rows = "\n".join(f"{'unknown' if k == 7 else f'{k % 28 + 1:02d}.{k % 12 + 1:02d}.2023'},{k * 1.5}" for k in range(60))
    found = use(tmp_path, f"when,y\n{rows}\n")["when"]
    assert (found.use, found.gaps, found.missing) == ("date", "skip", 1)
    assert "1 cell is not a date ('unknown'): treated as a gap" in found.why
    assert len(table(tmp_path, f"when,y\n{rows}\n").x_train) == 59


def test_a_target_that_never_changes_is_reported(tmp_path):
    rows = "\n".join(f"{k * 3 % 17}.5,5" for k in range(40))
    assert 'the target "y" is the same in every row (5): there is nothing to learn' in table(tmp_path, f"a,y\n{rows}\n").notes
    rows = "\n".join(f"{k * 3 % 17}.5,{k * 0.5}" for k in range(40))
    assert not table(tmp_path, f"a,y\n{rows}\n").notes
