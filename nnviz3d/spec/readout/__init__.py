"""What the overlay may know: frozen pictures of a session, made by `app` each frame, read by `ui`. Gathered here, by what is reported.

A panel sees a `Scene` and a `Readout`, and answers with `Edit`s and `Command`s. It never sees an engine, a GL name or a clock.
Numbers are plain Python numbers or read-only numpy arrays, copied out of the arenas after the step that made them.
"""

from nnviz3d.spec.readout.answer import Answer, Command, FreeArea, StageInput
from nnviz3d.spec.readout.data import ConfusionReading, PlaneReading, SampleQuery, SampleRow, SamplesReading
from nnviz3d.spec.readout.frame import CaptureReading, Label, MapReading, Performance, Readout
from nnviz3d.spec.readout.instruments import (
    AblationReading,
    CloudReading,
    PruningReading,
    SaliencyReading,
    StrongestReading,
    StrongRow,
    TracedPath,
    TracingReading,
    TsneAsked,
    TsneReading,
)
from nnviz3d.spec.readout.layers import LayerEnd, LayerReading, LayersReading, MatrixReading
from nnviz3d.spec.readout.neuron import NeuronReading, Sum, Term
from nnviz3d.spec.readout.own import OwnReading
from nnviz3d.spec.readout.parameter import EdgeReading, EffectReading, ParameterEquations, ParameterReading
from nnviz3d.spec.readout.step import CheckReading, GradientReading, StepReading, UpdateReading
from nnviz3d.spec.readout.times import ChangeReading, MomentReading, MomentsReading, RecordingReading, WalkReading, WatchedReading
from nnviz3d.spec.readout.tokens import AttentionLayer, AttentionReading, PromptReading
from nnviz3d.spec.readout.training import Charts, CompareReading, Finding, NetworkReading
from nnviz3d.spec.readout.window import PatchReading, SharesReading, WindowReading

__all__ = [
    "AblationReading",
    "Answer",
    "AttentionLayer",
    "AttentionReading",
    "CaptureReading",
    "ChangeReading",
    "Charts",
    "CheckReading",
    "CloudReading",
    "Command",
    "CompareReading",
    "ConfusionReading",
    "EdgeReading",
    "EffectReading",
    "Finding",
    "FreeArea",
    "GradientReading",
    "Label",
    "LayerEnd",
    "LayerReading",
    "LayersReading",
    "MapReading",
    "MatrixReading",
    "MomentReading",
    "MomentsReading",
    "NetworkReading",
    "NeuronReading",
    "OwnReading",
    "ParameterEquations",
    "ParameterReading",
    "PatchReading",
    "Performance",
    "PlaneReading",
    "PromptReading",
    "PruningReading",
    "Readout",
    "RecordingReading",
    "SaliencyReading",
    "SampleQuery",
    "SampleRow",
    "SamplesReading",
    "SharesReading",
    "StageInput",
    "StepReading",
    "StrongRow",
    "StrongestReading",
    "Sum",
    "Term",
    "TracedPath",
    "TracingReading",
    "TsneAsked",
    "TsneReading",
    "UpdateReading",
    "WalkReading",
    "WatchedReading",
    "WindowReading",
]
