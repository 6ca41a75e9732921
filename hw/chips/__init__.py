"""The chips as data, and the arithmetic that their registers ask for."""
