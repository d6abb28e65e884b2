"""CIFAR-10: 60,000 photographs of 32 x 32 coloured pixels, of ten kinds of animals and vehicles.

Read are the original binary batches, packed or not, and folders or archives of pictures with a folder for each class.
Copies whose pictures were saved as JPEG differ from the original in their pixels; accuracies on them are not quite
comparable.
"""

from __future__ import annotations

from kaon.datasets.download import RemoteFile
from kaon.datasets.pictures import PictureDataset

__all__ = ["CIFAR10"]

CIFAR10 = PictureDataset(
    title="CIFAR-10",
    remotes=(
        RemoteFile(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            size=170_052_171,
            sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            md5="c32a1d4ab5d03f1284b67883e8d87530",
            source="the page of the set (MD5) and TensorFlow Datasets (SHA-256)",
        ),
    ),
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    shape=(3, 32, 32),
    counts=(50_000, 10_000),
    layouts=(
        ("cifar-10-binary.tar.gz",),
        ("cifar-10-batches-bin",),
        ("*train*.tar*", "*test*.tar*"),
        ("train", "test"),
        (".",),
    ),
    page="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="none stated",
    citation="A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009, "
    "https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf",
)

load, split, download = CIFAR10.load, CIFAR10.split, CIFAR10.download

VARIANTS = {"cifar10": CIFAR10}
