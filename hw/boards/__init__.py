"""The boards as data, and what differs between families of them."""
