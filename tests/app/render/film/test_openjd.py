"""The template for render farms: sound by its schema, and its commands make the film that one process makes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[4] / "tools" / "nnviz3d.openjd.yaml"
VALUES = {"Scene": "xor", "Size": "64x36", "Fps": "60", "Shards": "2"}


def test_the_schema_accepts_it_and_a_job_has_a_task_for_each_shard(tmp_path):
    model = pytest.importorskip("openjd.model", reason="needs openjd-model")
    template = model.decode_job_template(template=model.document_string_to_object(
        document=TEMPLATE.read_text(), document_type=model.DocumentType.YAML
    ))  # fmt: skip
    values = VALUES | {"Output": str(tmp_path / "film.mp4")}
    types = {definition.name: definition.type for definition in template.parameterDefinitions}
    given = {name: model.ParameterValue(type=model.ParameterValueType(types[name]), value=value) for name, value in values.items()}
    job = model.create_job(job_template=template, job_parameter_values=given)
    assert [step.name for step in job.steps] == ["Render", "Encode"]
    tasks = list(model.StepParameterSpaceIterator(space=job.steps[0].parameterSpace))
    assert [task["Shard"].value for task in tasks] == ["1", "2"]


def commands(values):
    """What a farm runs, in an order that it may choose."""
    yaml = pytest.importorskip("yaml", reason="comes with the extra `farm`")
    template = yaml.safe_load(TEMPLATE.read_text())
    defaults = {each["name"]: each.get("default") for each in template["parameterDefinitions"]}
    render, encode = (step["script"]["actions"]["onRun"] for step in template["steps"])
    assert render["command"] == encode["command"] == "nnviz3d"

    def filled(action, **more):
        known = {f"Param.{name}": value for name, value in (defaults | values).items()} | {f"Task.Param.{k}": v for k, v in more.items()}
        return [re.sub(r"{{(.*?)}}", lambda found: str(known[found[1]]), word) for word in action["args"]]

    return [filled(render, Shard=shard) for shard in range(int(values["Shards"]), 0, -1)] + [filled(encode)]


@pytest.mark.gl
def test_its_commands_make_the_film(tmp_path):
    pytest.importorskip("av", reason="films need the extra `video`")
    scene = tmp_path / "short.toml"
    scene.write_text('[data]\nkind = "xor"\n[[network.layers]]\nunits = 3\n[record]\nduration = 2.0\nsteps = 50\n')
    run = lambda words: subprocess.run([sys.executable, "-m", "nnviz3d", *words], check=True, capture_output=True)  # noqa: E731
    for words in commands(VALUES | {"Scene": str(scene), "Output": str(tmp_path / "film.mp4")}):
        run(words)
    run(["record", str(scene), "-o", str(tmp_path / "alone.mp4"), "--size", VALUES["Size"], "--fps", VALUES["Fps"]])
    assert (tmp_path / "film.mp4").read_bytes() == (tmp_path / "alone.mp4").read_bytes()
    assert not (tmp_path / "film.mp4.parts").exists()
