"""Scene files: what is saved is what is loaded, edits change what they name, and every shipped scene is sound."""

from __future__ import annotations

import contextlib
import types
import typing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from nnviz3d.spec import paths, toml
from nnviz3d.spec.column_settings import Column
from nnviz3d.spec.edit import Edit
from nnviz3d.spec.errors import InputError
from nnviz3d.spec.layer_table import LayerTable, tables
from nnviz3d.spec.scene import Layer, Network, Scene
from nnviz3d.spec.topology_builder import build_topology

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


def values_of(annotation, metadata=()):
    """Values that a field accepts, from its annotation and bounds."""
    found = {name: getattr(item, name) for item in metadata for name in ("ge", "gt", "le", "lt", "max_length") if hasattr(item, name)}
    bounds = metadata
    metadata = [inner for item in metadata for inner in getattr(item, "metadata", ())]
    found |= {name: getattr(item, name) for item in metadata for name in ("ge", "gt", "le", "lt") if hasattr(item, name)}
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return values_of(arguments[0], arguments[1:])
    if origin is types.UnionType or (origin is typing.Union and type(None) in arguments):  # a number or nothing
        return st.one_of(values_of(part, bounds) for part in arguments if part is not type(None))
    if origin is typing.Union and not all(typing.get_origin(part) is typing.Literal for part in arguments):
        return st.one_of(values_of(part, bounds) for part in arguments)
    if origin is typing.Literal or origin is typing.Union:
        return st.sampled_from([choice for part in arguments for choice in (typing.get_args(part) or [part])])
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(values_of(part, bounds) for part in arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is dict and arguments[1] is Column:
        return st.dictionaries(TEXT.filter(bool), scenes_of(Column), max_size=3)
    if origin is dict:  # what differs between two networks that are compared
        return st.sampled_from(
            [{}, {"train.optimizer": "sgd"}, {"train.l1": 0.5, "network.layers": [{"units": 3}], "network.layers.*.bias": 1.0}]
        )
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(found.get("ge", 0), min(found.get("le", 512), found.get("lt", 512), 512))
    if annotation is float:
        low, high = found.get("ge", found.get("gt")), found.get("le", found.get("lt"))
        return st.floats(low, high, exclude_min="gt" in found, exclude_max="lt" in found)
    return TEXT if annotation is str else scenes_of(annotation)


def scenes_of(model: type[BaseModel]):
    """Valid tables of this model. Choices that need a file get one; a list of features is never empty."""
    fields = {name: values_of(field.annotation, field.metadata) for name, field in model.model_fields.items()}
    needed = {}
    if model.__name__ == "Data":
        needed = {"file": st.just("a.csv"), "labels_file": st.just("b")}
        fields["features"] = fields["features"].filter(bool)
    if model.__name__ == "Train":
        fields["class_weights"] = st.sampled_from(["none", "balanced", (1.0, 2.5), {"a b": 0.1, "3": 7.0}])
    if issubclass(model, LayerTable):  # which names there are, and which layers can be read, `graphs` knows
        fields = {name: values for name, values in fields.items() if name not in ("name", "from_", "kind")}
        needed = {"kind": st.just(model.model_fields["kind"].annotation.__args__[0])}
    if model.__name__ == "Network":
        fields["layers"] = graphs()
    if model.__name__ == "Record":
        fields["fps"] = st.sampled_from([1, 24, 29.97, "24000/1001", 12.5, 1000])
    if model.__name__ == "Shot":
        needed = {"seconds": st.just(10.0)}
        fields["camera"] = st.integers(0, 3).map(lambda n: [{"at": float(k), "yaw": 5.0} for k in range(n)])
        fields["set"] = st.sampled_from([{}, {"train.learning_rate": 0.5, "look.glow": 2}])
    return st.fixed_dictionaries(needed, optional={name: values for name, values in fields.items() if name not in needed}).map(
        model.model_validate
    )


@st.composite
def graphs(draw) -> list[dict]:
    """Layers of every kind, those of them that fit; each has a name, and reads the one above, those with several inputs twice."""
    kinds, layers = tables(), []
    for k in range(draw(st.integers(0, 4))):
        above = layers[-1]["name"] if layers else "input"
        table = kinds[draw(st.sampled_from([kind for kind in kinds if kind != "reshape"]))]
        layer = draw(scenes_of(table)).model_dump()
        layer |= {"name": f"n{k}", "from": [above] * table.fewest if table.fewest > 1 or draw(st.booleans()) else []}
        with contextlib.suppress(ValidationError):
            Network.model_validate({"layers": [*layers, layer]})
            layers.append(layer)
    return layers


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scene=scenes_of(Scene))
def test_what_is_saved_is_what_is_loaded(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("scenes") / "scene.toml"
    scene.save(path)
    assert Scene.load(path) == scene
    assert toml.validate(toml.parse(toml.dump(scene).encode(), "text")) == scene


@pytest.mark.parametrize("name", paths.scene_paths())
def test_shipped_scenes_have_a_title_and_a_sentence(name):
    scene = Scene.load(name)
    assert scene.title and scene.about.endswith(".")
    assert scene.test.steps > 0 and (scene.test.min_accuracy > 0 or scene.test.max_loss < 100), "a [test] table that can fail"


def test_saving_leaves_the_old_file_whole_where_the_folder_is_gone(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        Scene().save(tmp_path / "none" / "scene.toml")


def test_saving_leaves_no_other_files(tmp_path):
    Scene(title="a").save(tmp_path / "scene.toml")
    Scene(title="b").save(tmp_path / "scene.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["scene.toml"]


def test_a_byte_order_mark_and_windows_line_ends_are_text_too(tmp_path):
    path = tmp_path / "scene.toml"
    path.write_bytes(b'\xef\xbb\xbftitle = "a"\r\n[train]\r\nbatch = 4\r\n')
    assert (Scene.load(path).title, Scene.load(path).train.batch) == ("a", 4)


def test_an_empty_file_is_the_default_scene(tmp_path):
    path = tmp_path / "empty.toml"
    path.touch()
    assert Scene.load(path) == Scene()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", 1),
        ("a=1.5", 1.5),
        ("a=true", True),
        ("a=[1, 2]", [1, 2]),
        ("a=relu", "relu"),
        ('a="x y"', "x y"),
        ("a=x=y", "x=y"),
        ("a=", ""),
    ],
)
def test_set_takes_toml_or_a_bare_word(text, value):
    assert toml.parse_set(text) == Edit("a", value)


def test_edits_reach_into_lists_and_leave_the_old_scene_alone():
    old = Scene(network=Network(layers=(Layer(units=4), Layer(units=5))))
    new = toml.apply(old, [Edit("network.layers.1.units", 9)])
    assert [layer.units for layer in new.network.layers] == [4, 9]
    assert [layer.units for layer in old.network.layers] == [4, 5]


@pytest.mark.parametrize("part", ["7", "-1", "x", "²", "1" * 5000])  # of the last two, isdigit says yes and int raises
def test_what_is_no_index_of_a_list_is_an_error_in_words(part):
    with pytest.raises(InputError, match="is not an index"):
        toml.apply(Scene(title="t"), [Edit(f"network.layers.{part}.units", 1)])


@pytest.mark.parametrize("path", ["network.layers.7.units", "title.x"])
def test_an_edit_to_nowhere_is_reported(path):
    with pytest.raises(InputError, match=r"index|table"):
        toml.apply(Scene(title="t"), [Edit(path, 1)])


@given(units=st.lists(st.integers(1, 30), max_size=5), inputs=st.integers(1, 40), outputs=st.integers(1, 12))
def test_one_numbering_covers_both_arenas_without_gaps(units, inputs, outputs):
    topology = build_topology(Network(layers=tuple(Layer(units=n) for n in units)), (inputs,), outputs, "linear")
    sizes = [inputs, *units, outputs]
    assert topology.n_neurons == sum(sizes)
    assert topology.n_edges == sum(a * b for a, b in zip(sizes, sizes[1:], strict=False))  # noqa: RUF007
    at = 0
    for node in topology.nodes[1:]:
        assert (node.weight.start, node.bias.start) == (at, at + node.weight.size)
        at = node.bias.stop
    assert at == topology.n_parameters
    assert [topology.locate(k)[0].name for k in range(topology.n_neurons)] == [n.name for n in topology.nodes for _ in range(n.size)]


def test_scenes_are_found_in_the_checkout_and_nearby_names_are_offered():
    assert "digits" in paths.scene_paths()
    with pytest.raises(InputError, match='did you mean "digits"'):
        toml.find("digit")
