"""The Neuron panel on a real session: every phase draws, terms and cells choose weights and light edges, everything fits."""

from __future__ import annotations

import numpy as np
import pytest

from nnviz3d.app.session.opening import new_session
from nnviz3d.spec import toml
from nnviz3d.spec.edit import Edit
from nnviz3d.ui.equations import matrix
from tests.helpers.neuron_panel import at, show, titles
from tests.ui.where import find, recording

pytestmark = pytest.mark.gl
NEURONS = {"input": 12, "hidden": 80, "output": 147}
WEIGHT = 1100  # 17 <- 12


@pytest.fixture(scope="module", params=["adam", "momentum"])
def session(request):
    path = toml.find("digits")
    edits = [Edit("train.optimizer", request.param), Edit("train.clip_norm", 0.05), Edit("train.l2", 0.01)]
    session = new_session(toml.apply(toml.load(path), edits), path.parent, "cpu")
    session.run(30)
    session.start_walk()
    return session


@pytest.mark.parametrize(
    "what", [{"neuron": n} for n in NEURONS.values()] + [{"chosen": WEIGHT}, {"chosen": 3080}, {"layer": 1}, {"layer": 3}]
)
def test_every_phase_draws_everything(driver, session, what):
    driver.only("Neuron")
    for number in [None, *(k + 0.7 for k in range(len(session.walking.phases)))]:
        show(driver, session, number=number, **what)
        driver.frame(2)
        assert driver.pixels()[:, 940:1240].max() > 200
    assert driver.commands == [] and driver.edits == []


def test_what_happens_now_stands_first(driver, session):
    driver.only("Neuron")
    for phase, first in {"forward:1": "Weighted sum", "loss": "Error signal of this sample", "backward:3": "Error signal of this sample",
                         "backward:2": "Error signal of this sample", "backward:1": "Gradient", "update:2": "Update",
                         "after": "Weighted sum"}.items():  # fmt: skip
        show(driver, session, NEURONS["hidden"], at(session, phase))
        assert titles(driver)[0] == first, phase
    show(driver, session, NEURONS["hidden"])
    assert titles(driver)[:2] == ["Weighted sum", "Activation"]
    reported = [title for title, _ in driver.overlay._dock.neuron.shown[1]]
    assert reported == ["Weighted sum", "Activation", "Error signal of this sample", "Gradient of the last step"]
    for phase, first in {"forward:1": "Its contribution to z", "backward:1": "Gradient", "update:1": "Update"}.items():
        show(driver, session, NEURONS["hidden"], at(session, phase), WEIGHT)
        assert titles(driver)[0] == first, phase


def test_what_was_chosen_last_is_looked_at(driver, session):
    driver.only("Neuron")
    neuron = driver.overlay._dock.neuron
    for changes, view in (({"neuron": 80}, "neuron"), ({"neuron": 80, "chosen": WEIGHT}, "weight"),
                          ({"neuron": 81, "chosen": WEIGHT}, "neuron"),
                          ({"neuron": 81, "chosen": WEIGHT, "layer": 2}, "layer"), ({"neuron": 81, "chosen": 5, "layer": 2}, "weight"),
                          ({"neuron": 81, "layer": 2}, "layer"), ({"neuron": 81}, "neuron"), ({"chosen": 5}, "weight")):  # fmt: skip
        show(driver, session, **changes)
        driver.frame(2)
        assert neuron.view == view, changes
    show(driver, session)
    driver.frame(2)
    assert neuron.shown is None


def test_a_term_chooses_its_weight_lights_its_edge_and_leads_to_its_neuron(driver, session):
    driver.only("Neuron")
    for phase, title, of in (
        ("forward:1", "Weighted sum", "incoming"),
        ("backward:2", "Error signal of this sample", "outgoing"),
    ):
        show(driver, session, NEURONS["hidden"], at(session, phase))
        reading = driver.readout.neuron
        for k, term in enumerate(getattr(reading, of).terms):
            driver.forget()
            x, y = find(driver, f"{title}{k + 1}")
            driver.click(x, y)
            assert driver.commands == [("choose", term.parameter)]
            assert driver.answers[-1].lit == term.parameter
        driver.forget()
        driver.click(x - 145, y)
        assert driver.commands == [("pick", term.neuron)]
    driver.move(300, 300)
    assert driver.answers[-1].lit == -1


def test_a_gradient_chooses_its_weight(driver, session):
    driver.only("Neuron")
    show(driver, session, NEURONS["hidden"], at(session, "backward:1"))
    for k, gradient in enumerate(driver.readout.neuron.step.gradients):
        driver.forget()
        driver.click(*find(driver, f"Gradient{k + 1}"))
        assert driver.commands == [("choose", gradient.parameter)]


def test_any_weight_is_found_by_number(driver, session):
    driver.only("Neuron")
    show(driver, session, NEURONS["hidden"])
    driver.click(*find(driver, "all_weights"))
    inputs = driver.overlay._dock.neuron._inputs
    assert inputs.open
    inputs.query = "37"
    driver.forget()
    driver.click(*find(driver, "weight37"))
    assert driver.commands == [("choose", driver.readout.neuron.first + 37)]
    inputs.query = "no such"
    driver.frame(3)
    assert len(inputs._found[2]) == 0


def test_the_heads_lead_from_one_to_the_other(driver, session):
    driver.only("Neuron")
    show(driver, session, NEURONS["hidden"], chosen=WEIGHT)
    reading = driver.readout.parameter
    for ident, command in (("whole_layer", ("choose_layer", 1)), ("end_neuron", ("pick", reading.neuron)), ("start_neuron", ("pick", 12)),
                           ("unpick", ("choose", None)), ("check_gradient", ("check", WEIGHT))):  # fmt: skip
        driver.forget()
        driver.click(*find(driver, ident))
        assert driver.commands == [command]
    show(driver, session, layer=2)
    for ident, command in (("layer-1", ("choose_layer", 1)), ("layer1", ("choose_layer", 3)), ("unpick", ("choose_layer", None))):
        driver.forget()
        driver.click(*find(driver, ident))
        assert driver.commands == [command]


def test_the_check_stands_below_its_button(driver, session):
    driver.only("Neuron")
    session.inspector.check(WEIGHT)
    show(driver, session, number=at(session, "backward:1"), chosen=WEIGHT)
    driver.frame(3)
    assert driver.readout.parameter.check is not None
    find(driver, "Check2")


def test_a_cell_of_the_matrix_lights_and_chooses_its_weight(driver, session):
    driver.only("Neuron")
    show(driver, session, layer=1)
    driver.frame(3)
    matrix = driver.overlay._dock.neuron._matrix
    grid = matrix._made[2]
    with recording() as found:
        driver.frame()
    (x, y), texture = found["matrix"][0], matrix._texture
    left, top = x - texture.width / 2, y + texture.height / 2 - grid.size[1]
    assert (grid.rows, grid.columns) == (1, 1)
    for row, column in ((0, 0), (47, 63), (11, 40)):
        driver.forget()
        driver.click(left + (column + 0.5) * grid.cell_w, top + (row + 0.5) * grid.cell_h)
        assert driver.commands == [("choose", row * 64 + column)] and driver.answers[-1].lit == row * 64 + column
    driver.forget()
    driver.click(left + 5.5 * grid.cell_w, y - texture.height / 2 + 3)
    assert driver.commands == [("pick", 5)]
    driver.forget()
    driver.click(x + texture.width / 2 - 3, top + 7.5 * grid.cell_h)
    assert driver.commands == [("pick", 64 + 7)]


def test_textures_are_given_back(driver, session):
    from nnviz3d.ui.core import tex

    driver.only("Neuron")
    show(driver, session, layer=1)
    driver.frame(5)
    alive = len(tex._alive)
    for k in range(12):
        show(driver, session, layer=1 + k % 3)
        driver.frame(5)
    assert len(tex._alive) <= alive + 12  # formulas of the other layers


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("width", [280, 344, 640])
def test_everything_fits_at_every_width(driver, session, width, scale):
    """No formula and no number reaches over the panel's edge."""
    driver.only("Neuron")
    driver.overlay.memory.dock_width = width
    driver.scene = driver.scene.model_copy(update={"look": driver.scene.look.model_copy(update={"ui_scale": scale})})
    kept = driver.overlay._dock.neuron._lines
    for what in ({"neuron": 80}, {"neuron": 150}, {"chosen": WEIGHT}, {"layer": 2}):
        for number in (None, at(session, "backward:1"), at(session, "update:1")):
            show(driver, session, number=number, **what)
            driver.frame(2)
            assert kept._laid
            full = kept._for[0]
            for laid in kept._laid.values():
                assert laid.formula is None or laid.formula.width <= full + 1
                assert laid.number_x >= 0
                assert max(laid.ends, default=0.0) <= full + 1, laid.rows


def test_formulas_that_cannot_be_rendered_are_written_out(driver, session, monkeypatch):
    monkeypatch.setattr("nnviz3d.ui.core.tex.available", lambda: False)
    driver.overlay._formulas._cache.clear()
    driver.only("Neuron")
    for what in ({"neuron": 80}, {"chosen": WEIGHT}, {"layer": 2}):
        show(driver, session, number=10.5, **what)
        driver.frame(3)
        assert driver.pixels()[:, 940:1240].max() > 200


@pytest.mark.parametrize("shape", [(1, 1), (1, 10_000), (10_000, 1), (48, 64), (1024, 784), (3, 5), (65_536, 2)])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_grid_fits_and_every_weight_has_its_cell(shape, scale):
    grid = matrix.grid(shape, 250, scale)
    width, height = grid.size
    assert 0 < width <= 250 and 0 < height <= matrix.TALL * scale + 1
    rows, columns = grid.block(grid.count[0] - 1, grid.count[1] - 1)
    assert (rows.stop, columns.stop) == shape and rows.start < rows.stop and columns.start < columns.stop
    assert grid.at(width - 0.5, height - 0.5) == (grid.count[0] - 1, grid.count[1] - 1) and grid.at(width + 1, 0) is None


def test_cells_are_block_means():
    w = np.random.default_rng(0).standard_normal((10, 7))
    cells = matrix.means(w, 4, 3)
    assert cells.shape == (3, 3) and cells[2, 2] == pytest.approx(w[8:, 6:].mean()) and cells[0, 1] == pytest.approx(w[:4, 3:6].mean())
    rgb = matrix.colours(np.array([[0.0, 2.0, -2.0, np.nan, np.inf]]), 1.0, ("#0000ff", "#ff0000"))
    assert rgb[0, 1].tolist() == [0, 0, 255] and rgb[0, 2].tolist() == [255, 0, 0] and rgb[0, 3].tolist() == rgb[0, 4].tolist()
    assert matrix.reach(np.zeros((2, 2))) == 0 and matrix.reach(np.full((2, 2), np.nan)) == 0
