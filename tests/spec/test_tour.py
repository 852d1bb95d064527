"""The tour's files: those that are shipped are whole, and every mistake is reported, all at once."""

from __future__ import annotations

import re
import shutil

import pytest

from nnviz3d.spec import i18n, paths
from nnviz3d.spec import tour as lessons
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.scene import View

TOUR = paths.resource("scenes", "tour")


@pytest.fixture
def folder(tmp_path):
    """A copy of the shipped tour, to be broken."""
    return shutil.copytree(TOUR, tmp_path / "tour")


def change(path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def problems(folder) -> list[str]:
    with pytest.raises(InputError) as error:
        lessons.load(folder)
    return [str(problem).replace(str(folder), "tour") for problem in error.value.problems]


def test_the_shipped_tour_has_eight_lessons_in_two_languages():
    tour = lessons.load()
    assert len(tour.lessons) == 8 and all(3 <= len(lesson.steps) <= 6 for lesson in tour.lessons)
    assert list(tour.catalogues) == ["en", "de"], "the reference comes first"
    assert set(View.model_fields["language"].annotation.__args__) == {"auto", *tour.catalogues}


def test_every_message_is_used_and_says_the_same_number_of_things_in_each_language():
    tour = lessons.load()
    used = {lesson.title for lesson in tour.lessons} | {t for lesson in tour.lessons for s in lesson.steps for t in (s.text, s.invite) if t}
    for code, catalogue in tour.catalogues.items():
        texts = {key for key in catalogue.texts if not key.startswith(("card.", "colours."))}
        assert texts == used, code
        for key, text in catalogue.texts.items():
            english = tour.catalogues["en"].texts[key]
            assert i18n.placeholders(text) == i18n.placeholders(english), (code, key)
            assert text.count("*") == english.count("*"), (code, key)


def test_texts_are_short_and_begin_with_a_capital():
    for code, catalogue in lessons.load().catalogues.items():
        for key, text in catalogue.texts.items():
            if key.startswith(("card.", "colours.")):
                continue
            assert len(text) <= 260, (code, key, len(text))
            assert len(re.findall(r"[.?](?:\s|$)", text)) <= 4, (code, key)
            for sentence in re.split(r"(?<=[.?]) ", text):  # a placeholder there would begin it with a small letter or a number
                assert sentence.lstrip("*")[0].isupper(), (code, key, sentence)
            assert "—" not in text and "  " not in text


def test_german_quotes_are_german():
    for key, text in lessons.load().catalogues["de"].texts.items():
        assert '"' not in text and text.count("„") == text.count("“"), key


def test_all_that_is_wrong_is_reported_at_once(folder):
    change(
        folder / "lessons/1-neuron.toml",
        'phase = "forward:1@0.999"\nneuron = "strongest:1"\npick = true\n',
        'phase = "forwards:9"\npick = true\n',
    )
    change(folder / "lessons/2-forward.toml", 'strip = "phases"', 'strip = "none"\nbanana = 1')
    change(folder / "lessons/3-loss.toml", '"loss.truth"', '"loss.truht"')
    change(folder / "messages/de.toml", "{p} − 1 = {output_error}", "{p} − 1 = {loss}")
    change(folder / "messages/en.toml", 'next = "Next"', "next = 3")
    found = "\n".join(problems(folder))
    for part in (
        "1-neuron.toml: steps.2: `edge` and `pick` need `neuron`",
        "2-forward.toml: strip: ",
        "2-forward.toml: banana: unknown key",
        "en.toml: card.next: a text is needed, found 3",
    ):
        assert part in found, (part, found)
    change(folder / "messages/en.toml", "next = 3", 'next = "Next"')
    found = "\n".join(problems(folder))
    for part in (
        '3-loss.toml: steps.0.text: no message "loss.truht"',
        "de.toml: loss.errors: {loss} is not in the English text",
        "de.toml: loss.errors: {output_error} is missing",
    ):
        assert part in found, (part, found)


@pytest.mark.parametrize(
    ("file", "old", "new", "reported"),
    [
        ("tour.toml", '"digits"', '"digit"', "did you mean"),
        ("tour.toml", '"6-steps"', '"7-more"', "7-more.toml: no such file"),
        ("tour.toml", '"train.seed" = 0', '"train.sed" = 0', "train.sed: unknown key"),
        ("tour.toml", "step = 67", "step = -1", "step: "),
        ("lessons/2-forward.toml", '"layer:2"]\ninvite', '"layer:9"]\ninvite', "steps.2.mark: expected one of"),
        ("lessons/2-forward.toml", 'phase = "forward:1"', 'phase = "forward:7"', "steps.1.phase: "),
        ("lessons/2-forward.toml", 'deed = "scrub"', "", "must be given together"),
        ("lessons/4-backward.toml", 'edge = "gradient"\n', "", '"source" needs `edge`'),
        ("lessons/6-steps.toml", "until = 150", "until = 150\nphase = 'loss'", "either `phase`"),
        ("lessons/6-steps.toml", "until = 600", "until = 100", "must not be less"),
        ("messages/de.toml", "{batch} Bilder auf", "{batsch} Bilder auf", "{batsch} is not in the English text"),
        ("messages/en.toml", "*loss*", "*loss", "one of them is missing"),
        ("messages/en.toml", "{loss_before}. If", "{loss_before. If", "unmatched brace"),
        ("messages/de.toml", 'decimal = ","', 'decimal = ""', "decimal: a short text is needed"),
        ("messages/de.toml", "[colours]", "[colors]", "colours.blue: is missing"),
    ],
)
def test_a_mistake_is_reported_where_it_is(folder, file, old, new, reported):
    change(folder / file, old, new)
    found = problems(folder)
    assert any(reported in problem for problem in found), found


def test_a_catalogue_that_is_no_text_and_a_missing_folder_are_reported(folder):
    (folder / "messages/de.toml").write_bytes(b"\xff\xfe")
    assert any("not UTF-8" in problem for problem in problems(folder))
    shutil.rmtree(folder / "messages")
    assert any("en.toml: no such file" in problem for problem in problems(folder))


@pytest.mark.parametrize(
    ("wanted", "environment", "found"),
    [
        ("de", {"LANG": "en_US.UTF-8"}, "de"),
        ("auto", {"LANG": "de_AT.UTF-8"}, "de"),
        ("auto", {"LANG": "fr_FR.UTF-8"}, "en"),
        ("auto", {"LANG": "fr_FR", "LANGUAGE": "fr:de:en"}, "de"),
        ("auto", {"LC_ALL": "C", "LANG": "de_DE", "LANGUAGE": "de"}, "en"),
        ("auto", {"LC_MESSAGES": "de-CH", "LANG": "C"}, "de"),
        ("auto", {}, "en"),
        ("auto", {"LANG": "DE@euro"}, "de"),
        ("xx", {"LANG": "..__"}, "en"),
    ],
)
def test_the_language_is_the_wanted_one_or_the_environments(wanted, environment, found):
    assert i18n.choose(wanted, ["en", "de"], environment) == found


def test_numbers_are_written_as_the_language_does():
    german = lessons.load().catalogues["de"]
    assert german.number("1,234.5") == "1.234,5" and german.number("−0.0061 %") == "−0,0061 %"


def test_a_value_that_is_not_known_is_a_dash_and_nothing_is_executed():
    catalogue = i18n.Catalogue("en", "English", ".", ",", {"a": "loss {loss}, {other}"})
    assert catalogue.tell("a", {"loss": "{other} 3"}) == "loss {other} 3, –"
