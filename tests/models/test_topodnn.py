from __future__ import annotations

import torch
from torch import nn

from kaon.data import Events, Input, InputSpec
from kaon.models.topodnn import TopoDNN
from kaon.represent.four_vectors import FourVectors

SPEC = InputSpec((Input("features", (90,)),))


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    assert TopoDNN(FourVectors().fit(jets).spec, 2).parameter_count == 59_323
    assert 90 * 300 + 300 + 300 * 102 + 102 + 102 * 12 + 12 + 12 * 6 + 6 + 6 + 1 == 59_323


def test_two_classes_are_the_single_sigmoid_unit_of_the_paper() -> None:
    torch.manual_seed(0)
    net, x = TopoDNN(SPEC, 2), torch.randn(20, 90)
    y = x
    for layer in (m for m in net.body if isinstance(m, nn.Linear)):
        y = (y @ layer.weight.T + layer.bias).relu()
    sigmoid = (y @ net.head.weight.T + net.head.bias).sigmoid()[:, 0]
    torch.testing.assert_close(net({"features": x}).softmax(1)[:, 1], sigmoid)


def test_more_classes_get_a_logit_each() -> None:
    net = TopoDNN(SPEC, 4)
    assert net.parameter_count == 59_323 + 3 * 7
    assert net({"features": torch.zeros(2, 90)}).shape == (2, 4)


def test_the_largest_pt_of_training_reaches_the_first_layer_as_one(jets: Events) -> None:
    fitted = FourVectors()
    batch = fitted.fit_transform(jets)
    seen = TopoDNN(fitted.spec, 2).normalise(torch.from_numpy(batch.inputs["features"]))
    torch.testing.assert_close(seen[:, ::3].max(), torch.tensor(1.0))
