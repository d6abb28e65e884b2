"""MNIST: 70,000 handwritten digits of 28 x 28 grey pixels, white on black."""

from __future__ import annotations

from kaon.datasets.download import RemoteFile
from kaon.datasets.pictures import PictureDataset

__all__ = ["MNIST"]

_MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist"
_SOURCE = "TensorFlow Datasets (their SHA-256, and torchvision's MD5 of the same files)"

MNIST = PictureDataset(
    title="MNIST",
    remotes=tuple(
        RemoteFile(f"{_MIRROR}/{name}.gz", size=size, sha256=sha256, md5=md5, source=_SOURCE)
        for name, size, sha256, md5 in (
            (
                "train-images-idx3-ubyte",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            ),
            (
                "train-labels-idx1-ubyte",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                "d53e105ee54ea40749a09fcbcd1e9432",
            ),
            (
                "t10k-images-idx3-ubyte",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                "9fb629c4189551a2d022fa330f9573f3",
            ),
            (
                "t10k-labels-idx1-ubyte",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
        )
    ),
    classes=tuple("0123456789"),
    shape=(1, 28, 28),
    counts=(60_000, 10_000),
    layouts=(
        ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"),
        ("train-images?idx3-ubyte", "t10k-images?idx3-ubyte"),
        ("train", "test"),
    ),
    page="http://yann.lecun.com/exdb/mnist",
    licence="CC BY-SA 3.0",
    citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Proc. IEEE 86 (1998) 2278, https://doi.org/10.1109/5.726791",
)

load, split, download = MNIST.load, MNIST.split, MNIST.download

VARIANTS = {"mnist": MNIST}
