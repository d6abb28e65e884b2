"""From ntuples to a result: selections, regions, background estimates, histograms, systematic variations, fits."""
