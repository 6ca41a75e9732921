"""Jobs whose nonces are known beforehand, so that a chip can be asked core by core whether it finds its own."""
