"""The estimates of a configuration, applied to its templates in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kaon.analysis.backgrounds.abcd import abcd
from kaon.analysis.backgrounds.normalise import normalisation, normalise
from kaon.analysis.backgrounds.same_sign import same_sign, transfer_factor
from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.entries import DATA
from kaon.analysis.measure import YIELD
from kaon.analysis.methods import Abcd, Estimate, Normalise, SameSign
from kaon.analysis.templates import Templates
from kaon.errors import DataError

__all__ = ["estimated"]

Factors = dict[str, Uncertain]
New = dict[str, dict[str, dict[str, Uncertain]]]


def estimated(
    templates: Templates, estimates: Mapping[str, Estimate]
) -> tuple[Templates, dict[str, dict[str, Uncertain]]]:
    """Templates with estimated backgrounds, and the factors that were measured.

    A factor is measured from yields; all histograms take it. Each estimate sees what those before it made.

    Args:
        templates: of the data and the simulated processes.
        estimates: name -> method.

    Returns:
        Templates with scaled processes, and with new ones named after their estimates; estimate -> region -> factor,
        (1,).

    Raises:
        DataError: a region holds no data or no event of the process, so that a factor has no meaning.
    """
    factors: dict[str, Factors] = {}
    for name, method in estimates.items():
        try:
            new, factors[name] = _estimate(templates, name, method)
        except DataError as error:
            raise DataError(f"the estimate {name}: {error}") from error
        templates = templates.replacing(new)
    return templates, factors


def _estimate(templates: Templates, name: str, method: Estimate) -> tuple[New, Factors]:
    match method:
        case Normalise():
            return _normalise(templates, method)
        case SameSign():
            return _same_sign(templates, name, method)
        case Abcd():
            return _abcd(templates, name, method)


def _normalise(templates: Templates, method: Normalise) -> tuple[New, Factors]:
    found: Factors = {}
    for control in dict.fromkeys(method.control.values()):
        here = templates.histograms[YIELD][control]
        found[control] = normalisation(
            _data(templates, YIELD, control),
            [here[p] for p in method.processes],
            _others(templates, YIELD, control, method.processes),
        )
    new: New = {
        histogram: {
            region: {p: normalise(regions[region][p], found[control]) for p in method.processes}
            for region, control in method.control.items()
        }
        for histogram, regions in templates.histograms.items()
    }
    return new, {region: found[control] for region, control in method.control.items()}


def _same_sign(templates: Templates, name: str, method: SameSign) -> tuple[New, Factors]:
    transfer = Uncertain.constant(1.0)
    if method.controls:
        opposite, same = method.controls
        transfer = transfer_factor(
            _data(templates, YIELD, opposite),
            _data(templates, YIELD, same),
            _others(templates, YIELD, opposite),
            _others(templates, YIELD, same),
        )

    def made(histogram: str, region: str, factor: Uncertain | float) -> Uncertain:
        return same_sign(_data(templates, histogram, region), _others(templates, histogram, region), factor)

    sources = dict.fromkeys((*method.regions.values(), *method.controls))
    new: New = {
        histogram: {
            **{source: {name: made(histogram, source, 1.0)} for source in sources},
            **{region: {name: made(histogram, same, transfer)} for region, same in method.regions.items()},
        }
        for histogram in templates.histograms
    }
    return new, dict.fromkeys(method.regions, transfer)


def _abcd(templates: Templates, name: str, method: Abcd) -> tuple[New, Factors]:
    c, d = (_data(templates, YIELD, r) for r in (method.c, method.d))
    c_others, d_others = (_others(templates, YIELD, r) for r in (method.c, method.d))

    def made(histogram: str) -> Uncertain:
        b, b_others = _data(templates, histogram, method.b), _others(templates, histogram, method.b)
        return abcd(b, c, d, b_others, c_others, d_others)

    new: New = {histogram: {method.a: {name: made(histogram)}} for histogram in templates.histograms}
    return new, {method.a: abcd(Uncertain.constant(1.0), c, d, (), c_others, d_others)}


def _data(templates: Templates, histogram: str, region: str) -> Uncertain:
    found = templates.histograms[histogram][region].get(DATA)
    if found is None:
        raise DataError(f"there is no data in the region {region}; is it blind?")
    return found


def _others(templates: Templates, histogram: str, region: str, without: Sequence[str] = ()) -> list[Uncertain]:
    """Everything but the data and the named processes."""
    return [v for n, v in templates.histograms[histogram][region].items() if n != DATA and n not in without]
