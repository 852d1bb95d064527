"""What every table of a scene file is: closed, strict, finite and immutable; and the numbers that many of them hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

Unit = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1e9)]
NonNegative = Annotated[float, Field(ge=0, le=1e9)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Table(BaseModel):
    """A table of a scene file: closed, strict, finite and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, serialize_by_alias=True)

    @field_validator("*", mode="before")
    @classmethod
    def _lists_are_tuples(cls, value):
        return tuple(value) if isinstance(value, list) else value
