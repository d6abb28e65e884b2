"""Events, batches, specifications, predictions, bundles, and the files they live in."""

from kaon.data.batch import Batch
from kaon.data.events import Events
from kaon.data.predictions import Predictions
from kaon.data.provenance import Provenance
from kaon.data.spec import Input, InputSpec

__all__ = ["Batch", "Events", "Input", "InputSpec", "Predictions", "Provenance"]
