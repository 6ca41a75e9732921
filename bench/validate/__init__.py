"""The validator validated: how often a check of a simulated board says what is so. study.py runs it, page.py tells."""
