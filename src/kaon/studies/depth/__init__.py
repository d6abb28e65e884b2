"""Is deeper better, and why was it so hard: accuracy against depth, vanishing gradients, training layer by layer."""

from __future__ import annotations

from kaon.report.origins import origins
from kaon.report.study import Result
from kaon.report.table import Column
from kaon.studies.base import Context, Scale, Study, machine, together
from kaon.studies.depth.greedy import REBUILT, greedy
from kaon.studies.depth.part import ACCURACY
from kaon.studies.depth.samples import digits
from kaon.studies.depth.stacks import stacks
from kaon.studies.depth.vanishing import INITIAL, TRAINED, vanishing

__all__ = ["VARIANTS"]

QUESTION = "Is deeper better, and why was it so hard?"
SOURCE = (
    "Goodfellow et al., arXiv:1312.6082; Glorot, Bengio, AISTATS 2010; Bengio et al., NeurIPS 2006; the lectures "
    "CTEQ 2019 and Wolter 2017, 2019"
)
_COLUMNS = (ACCURACY, Column("parameters", "parameters", 0, "of the network", 0), INITIAL, TRAINED, REBUILT)


def run(context: Context) -> Result:
    """Answer the three questions one after another.

    Raises:
        DataError: there is no MNIST in the folder that was named.
    """
    pictures, words = digits(context)
    parts = [stacks(context), vanishing(context, pictures, words), greedy(context, pictures, words)]
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        _COLUMNS,
        [row for part in parts for row in part.rows],
        summary=[sentence for part in parts for sentence in part.summary],
        notes=_NOTES,
        facts={
            **{name: text for part in parts for name, text in part.facts.items()},
            "Seeds": str(context.trainings),
            "Machine": machine(),
        },
        sections=[part.section for part in parts],
        origins=origins(together({title: made for part in parts for title, made in part.comparisons.items()})),
    )


_NOTES = (
    "Equal parameters are not equal work: each convolution of a deep stack is narrow, but there are more of them, and "
    "on larger maps. Nor is depth alone what changes: a number behind the last convolution sees more of the picture, "
    "which the line says below the name. The last maps have equal size in all stacks, and all go into the logits "
    "unrolled, so that even the shallowest sees the whole picture there.",
    "The numbers published for accuracy against depth are of photographs of house numbers and networks a thousand "
    "times larger, so that only the direction can be compared. The factor of 1/4 a layer is exact where all weights "
    "have norm one and all sigmoids are at their steepest; Glorot's weights keep a gradient's size on average, so that "
    "what is left of 1/4 is the mean slope.",
    "Adam divides every gradient by its own size, which makes up for much of what the sigmoids take; plain gradient "
    "descent, with which the published networks were trained, has no such help. The training sets are small at this "
    "scale, and every network gets the same few epochs: a network that has not moved by then may move later.",
    "Pre-training takes steps, too. These settings are the second that were tried on the whole comparison. With eight "
    "layers and about 300 steps for each, the sigmoid layers from the sixth on rebuilt their input no better than its "
    "mean, and pre-training changed nothing (29.7 ± 4.6% against 33.0 ± 10.5% for sigmoids from end to end, three "
    "seeds). Six layers with 1,000 steps each were chosen after that was seen; the column of what the last layer has "
    "not rebuilt tells whether they were enough.",
)

_QUICK = {
    "noise": 0.1,
    "test": 2000,
    "depths": (2, 3, 5, 8),
    "parameters": 15_000,
    "stack_epochs": 8,
    "digits": 4000,
    "width": 100,
    "gradient_depth": 10,
    "gradient_epochs": 5,
    "greedy_depth": 6,
    "greedy_batch": 32,
    "greedy_epochs": 12,
    "pretrain": 10,
}
_SMOKE = {
    **_QUICK,
    "test": 60,
    "depths": (1, 3),
    "parameters": 600,
    "stack_epochs": 1,
    "digits": 120,
    "width": 8,
    "gradient_depth": 4,
    "gradient_epochs": 1,
    "greedy_depth": 3,
    "greedy_epochs": 2,
    "pretrain": 1,
}
_FULL = {
    **_QUICK,
    "test": 10_000,
    "depths": (1, 2, 3, 5, 8, 12, 16),
    "parameters": 50_000,
    "stack_epochs": 40,
    "digits": 60_000,
    "width": 500,
    "gradient_epochs": 20,
    "greedy_epochs": 50,
    "pretrain": 20,
}

VARIANTS = {
    "depth": Study(
        name="depth",
        question=QUESTION,
        source=SOURCE,
        scales={
            "smoke": Scale(150, 2, settings=_SMOKE),
            "quick": Scale(3_000, 3, settings=_QUICK),
            "full": Scale(60_000, 5, settings=_FULL),
        },
        run=run,
        takes_data="the folder of MNIST",
    )
}
