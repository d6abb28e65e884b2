"""Laws that every registered representation keeps, without a list kept by hand."""

from __future__ import annotations

import inspect
import json
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Batch, Events
from kaon.errors import DataError, NotFitted
from kaon.registry import origin, variants
from kaon.represent.base import Representation

REGISTERED = variants("kaon.represent")
READ = [
    (name, column)
    for name, kind in REGISTERED.items()
    for column in ("constituents", "objects")
    if column in origin(kind).requires
]
"""Who reads which momenta."""


@pytest.fixture(params=sorted(REGISTERED))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fitted(name: str, jets: Events) -> Representation:
    made: Representation = REGISTERED[name]().fit(jets)
    return made


def equal(one: Batch, two: Batch) -> None:
    assert set(one.inputs) == set(two.inputs)
    for name, values in one.inputs.items():
        np.testing.assert_array_equal(values, two.inputs[name], err_msg=name)
        assert values.dtype == two.inputs[name].dtype


def part_of(batch: Batch, rows: Any, like: Batch) -> Batch:
    """These rows, cut to the lengths of another batch; what is cut off must be padding."""
    kept = {}
    for name, values in batch.take(rows).inputs.items():
        shape = like.inputs[name].shape
        kept[name] = values[tuple(slice(0, n) for n in shape)]
        assert np.count_nonzero(values) == np.count_nonzero(kept[name]), f"{name} holds more than padding"
    return Batch(kept)


def test_is_a_documented_class_of_its_own(name: str) -> None:
    kind = origin(REGISTERED[name])
    assert issubclass(kind, Representation)
    assert not inspect.isabstract(kind)
    assert "Output:" in (kind.__doc__ or "") or "Args:" in (kind.__doc__ or "")


def test_refuses_to_run_unfitted(name: str, jets: Events) -> None:
    made = REGISTERED[name]()
    with pytest.raises(NotFitted):
        made.transform(jets)
    with pytest.raises(NotFitted):
        made.state()


def test_arrays_are_those_of_the_specification_and_finite(fitted: Representation, jets: Events) -> None:
    batch = fitted.transform(jets)
    fitted.spec.check(batch.inputs)
    assert set(batch.inputs) == set(fitted.spec.names)
    for name, values in batch.inputs.items():
        assert len(values) == len(jets)
        assert np.isfinite(values).all(), name
    for item in fitted.spec:
        assert item.dtype in ("float32", "bool", "int32"), "single precision is what networks read"
        if item.dtype == "float32":
            assert not item.features or len(item.features) == item.width


def test_labels_weights_and_numbers_go_along(fitted: Representation, jets: Events) -> None:
    batch = fitted.transform(jets)
    np.testing.assert_array_equal(batch.labels, jets.labels)
    np.testing.assert_array_equal(batch.weights, jets.weights)
    assert batch.index is not None
    np.testing.assert_array_equal(batch.index, jets.index)


def test_labels_cannot_leak_into_the_inputs(fitted: Representation, jets: Events) -> None:
    label = 1 - np.asarray(jets["label"])
    turned = Events(jets.with_columns(label=label).array, label, None, jets.index, jets.classes, jets.reserved)
    equal(fitted.transform(turned), fitted.transform(jets))


def test_fitting_uses_the_training_events_only(name: str, jets: Events) -> None:
    train, test = jets.take(slice(0, 300)), jets.take(slice(300, None))
    one = REGISTERED[name]().fit(train)
    before = one.state()
    one.transform(test)
    assert one.state() == before
    assert REGISTERED[name]().fit(train).state() == before, "fitting is deterministic"
    assert REGISTERED[name]().fit(jets).fit(train).state() == before, "fitting again forgets"


def test_the_order_and_company_of_events_do_not_matter(fitted: Representation, jets: Events) -> None:
    whole = fitted.transform(jets)
    order = np.random.default_rng(0).permutation(len(jets))
    equal(fitted.transform(jets.take(order)), whole.take(order))
    for rows in (slice(0, 1), slice(5, 9)):
        alone = fitted.transform(jets.take(rows))
        equal(Batch(alone.inputs), part_of(whole, rows, alone))


def test_state_survives_json_to_the_last_bit(fitted: Representation, jets: Events) -> None:
    text = json.dumps(fitted.state())
    again = type(fitted).from_state(json.loads(text))
    assert again.spec == fitted.spec
    assert json.dumps(again.state()) == text
    equal(again.transform(jets), fitted.transform(jets))


def test_jets_with_few_constituents_or_none_are_finite(fitted: Representation, make_jets: Any) -> None:
    few = make_jets(5, sizes=[0, 1, 2, 3, 0])
    batch = fitted.transform(few)
    assert all(np.isfinite(values).all() for values in batch.inputs.values())
    empty = fitted.transform(few.take(slice(0, 1)))
    assert all(np.isfinite(values).all() for values in empty.inputs.values())


def test_no_events_are_represented_by_no_rows(fitted: Representation, jets: Events) -> None:
    batch = fitted.transform(jets.take(slice(0, 0)))
    assert len(batch) == 0
    fitted.spec.check(batch.inputs)
    with pytest.raises(DataError, match="no events"):
        type(fitted)(**fitted.options).fit(jets.take(slice(0, 0)))


def test_missing_columns_are_named(name: str, jets: Events) -> None:
    kind = origin(REGISTERED[name])
    for column in kind.requires:
        kept = jets.array[[c for c in jets.fields if c != column]]
        with pytest.raises(DataError, match=column):
            REGISTERED[name]().fit(Events(kept))


@pytest.mark.parametrize(("name", "column"), READ)
def test_momenta_that_are_no_numbers_are_refused(name: str, column: str, jets: Events) -> None:
    few = jets.take(slice(0, 40))
    fitted = REGISTERED[name]().fit(few)
    here = (ak.local_index(few[column]["px"]) == 2) & (np.arange(len(few)) == 17)
    for component in ("px", "py", "pz", "E"):
        for bad in (np.nan, np.inf, -np.inf, 1e25):
            spoiled = ak.where(here, bad, few[column][component])
            broken = few.with_columns(**{column: ak.with_field(few[column], spoiled, component)})
            for run in (fitted.transform, REGISTERED[name]().fit):
                with pytest.raises(DataError, match=r"1 of 40 events have momenta .* first at row 17; .*drop_invalid"):
                    run(broken)


@pytest.mark.parametrize(("name", "column"), READ)
def test_missing_lists_are_refused(name: str, column: str, jets: Events) -> None:
    few = jets.take(slice(0, 5))
    broken = few.with_columns(**{column: ak.mask(few[column], np.arange(5) != 3)})
    with pytest.raises(DataError, match="a jagged column is needed"):
        REGISTERED[name]().fit(broken)
