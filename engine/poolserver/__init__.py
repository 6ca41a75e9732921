"""The embedded pool: a Stratum V1 server."""
