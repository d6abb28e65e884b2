"""Charts of the page: each function turns a comparison into one plain plotly description."""
