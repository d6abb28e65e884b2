"""Networks as ONNX graphs: any batch, any number of constituents, none at all; and no noise."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from kaon.data import Input, InputSpec
from kaon.deploy.net_graph import _tidy, net_graph
from kaon.deploy.session import run, session
from kaon.registry import lookup

pytest.importorskip("onnxscript", reason="the extra `deploy` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")


@pytest.fixture
def pfn(make_tagger: Any) -> Any:
    return make_tagger("pfn", "point_cloud").model


def test_batch_and_constituents_are_free(pfn: Any) -> None:
    opened = session(net_graph(pfn, 18).SerializeToString())
    for events, length in ((1, 1), (1, 7), (2, 1), (5, 3), (3, 5), (40, 200)):
        inputs = pfn.spec.example(events, {"constituents": length}, seed=events)
        inputs["mask"] = np.random.default_rng(0).random(inputs["mask"].shape) < 0.7
        with torch.no_grad():
            ours = pfn({k: torch.from_numpy(v) for k, v in inputs.items()}).softmax(1).numpy()
        np.testing.assert_allclose(run(opened, inputs), ours, atol=1e-5)


def test_an_empty_jet_has_a_score(pfn: Any) -> None:
    inputs = pfn.spec.example(2, {"constituents": 4})
    inputs["mask"][0] = False
    score = run(session(net_graph(pfn, 18).SerializeToString()), inputs)
    assert np.isfinite(score).all()
    np.testing.assert_allclose(score.sum(1), 1, atol=1e-6)
    assert not np.allclose(score[0], score[1])


def test_the_normalisation_is_inside(make_tagger: Any) -> None:
    net = make_tagger("mlp", "tabular").model
    names = {i.name for i in net_graph(net, 18).graph.initializer}
    assert any("normalise.shift" in n for n in names)


def test_neither_the_mode_nor_the_precision_of_the_network_matters(make_tagger: Any) -> None:
    net = make_tagger("topodnn", "four_vectors").model.bfloat16()
    net.normalise.float()
    inputs = net.spec.example(3)
    net.train()
    score = run(session(net_graph(net, 18).SerializeToString()), inputs)
    assert net.head.weight.dtype == torch.bfloat16
    with torch.no_grad():
        ours = net.eval().float()({k: torch.from_numpy(v) for k, v in inputs.items()}).softmax(1).numpy()
    np.testing.assert_allclose(score, ours, atol=1e-5)


def test_silent(pfn: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net_graph(pfn, 18)
    assert capfd.readouterr() == ("", "")


def test_dropout_and_batch_norm_are_those_of_evaluation(make_tagger: Any) -> None:
    tagger = make_tagger("mlp", "tabular")
    net = lookup("kaon.models", "mlp")(tagger.spec, 2, dropout=0.5)
    operators = {node.op_type for node in net_graph(net, 18).graph.node}
    assert "Dropout" not in operators
    assert "RandomUniformLike" not in operators


def test_what_a_loop_reads_is_kept_and_what_it_says_of_its_source_is_not() -> None:
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto
    spec = InputSpec((Input("x", ("nodes", 2)), Input("y", ("nodes", 2)), Input("unused", (1,))))
    add = helper.make_node("Add", ["state", "y"], ["next"], doc_string="/home/somebody/net.py")
    add.metadata_props.add(key="source", value="/home/somebody/net.py")
    go_on = helper.make_node("Identity", ["go"], ["again"])
    scalar = [helper.make_tensor_value_info(*pair, []) for pair in (("i", kind.INT64), ("go", kind.BOOL))]
    state = helper.make_tensor_value_info("state", kind.FLOAT, None)
    state.metadata_props.add(key="source", value="/home/somebody/net.py")
    ends = [
        helper.make_tensor_value_info("again", kind.BOOL, []),
        helper.make_tensor_value_info("next", kind.FLOAT, None),
    ]
    body = helper.make_graph([add, go_on], "body", [*scalar, state], ends)
    loop = helper.make_node("Loop", ["", "", "x"], ["score"], body=body)
    inputs = [helper.make_tensor_value_info(i.name, kind.FLOAT, ["b", *map(str, i.shape)]) for i in spec]
    outputs = [helper.make_tensor_value_info("score", kind.FLOAT, ["b", 2])]
    tidied = _tidy(helper.make_model(helper.make_graph([loop], "g", inputs, outputs)), spec)
    assert [value.name for value in tidied.graph.input] == ["x", "y"]
    assert b"somebody" not in tidied.SerializeToString()
