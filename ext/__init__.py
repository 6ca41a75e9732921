"""The hash kernels, one file each, and the table of them."""
