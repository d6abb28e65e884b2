"""How backgrounds are estimated from data, as entries of a configuration."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Abcd", "Estimate", "Normalise", "SameSign"]


class _Method(BaseModel, ABC):
    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = ""
    color: str | None = None

    @property
    @abstractmethod
    def regions_used(self) -> tuple[str, ...]:
        """All regions that it names."""

    @property
    def processes_used(self) -> tuple[str, ...]:
        """All processes that it names."""
        return ()


class Normalise(_Method):
    """Simulated processes take their normalisation from data, in a control region for each region.

    Args:
        processes: which have one factor in common.
        control: region -> the control region whose factor it takes.
    """

    method: Literal["normalise"]
    processes: tuple[str, ...] = Field(min_length=1)
    control: dict[str, str] = Field(min_length=1)

    @property
    def regions_used(self) -> tuple[str, ...]:
        """Regions and their control regions."""
        return (*self.control, *self.control.values())

    @property
    def processes_used(self) -> tuple[str, ...]:
        """Those that are normalised."""
        return self.processes


class SameSign(_Method):
    """Multijet events of opposite sign from those of the same sign; the estimate is a new process.

    In the regions that it is made from, the estimate is what the other processes leave of the data.

    Args:
        regions: of opposite sign, for which the estimate is -> the same cuts with the same sign.
        opposite_control, same_control: two regions where multijet events dominate, such as those without isolation: the
            transfer factor is the ratio of their multijet events. Without them, it is 1.
    """

    method: Literal["same_sign"]
    regions: dict[str, str] = Field(min_length=1)
    opposite_control: str | None = None
    same_control: str | None = None

    @model_validator(mode="after")
    def _both_controls(self) -> Self:
        if (self.opposite_control is None) != (self.same_control is None):
            raise ValueError("give both opposite_control and same_control, or neither")
        return self

    @property
    def controls(self) -> tuple[str, ...]:
        """The control regions of opposite and of same sign, if there are any."""
        return tuple(r for r in (self.opposite_control, self.same_control) if r is not None)

    @property
    def regions_used(self) -> tuple[str, ...]:
        """Both signs, and the controls."""
        return (*self.regions, *self.regions.values(), *self.controls)


class Abcd(_Method):
    """The background of region a from b x c / d; the estimate is a new process.

    Args:
        a: region for which the estimate is.
        b, c: with the one and with the other of two independent cuts turned around; b gives the shape.
        d: with both.
    """

    method: Literal["abcd"]
    a: str
    b: str
    c: str
    d: str

    @property
    def regions_used(self) -> tuple[str, ...]:
        """All four."""
        return (self.a, self.b, self.c, self.d)


Estimate = Annotated[Normalise | SameSign | Abcd, Field(discriminator="method")]
"""Any of the methods; `method` says which."""
