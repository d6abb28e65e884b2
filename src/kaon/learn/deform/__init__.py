"""Deformations of images while a network trains: whole batches at once, each epoch anew."""

from kaon.learn.deform.deformations import Deformations
from kaon.learn.deform.fields import affine, elastic, warp
from kaon.learn.deform.pixels import cutout, flip, shift

__all__ = ["Deformations", "affine", "cutout", "elastic", "flip", "shift", "warp"]
