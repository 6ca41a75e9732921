"""Measuring: kernels, the pipeline around them, and the page that says so."""
