"""The colours of reports: Okabe and Ito's, which are told apart by colour-blind people too, and never stand alone.

Whatever is coloured also says in words or by a sign what it is.
"""

INK, FAINT, RULE, PAPER, SHADE = "#1f2328", "#59636e", "#d1d9e0", "#ffffff", "#f3f5f7"
BLUE, ORANGE, GREEN, RED, SKY = "#0072b2", "#e69f00", "#00785a", "#b33c00", "#56b4e9"
VERDICTS = {"pass": GREEN, "fail": RED, "inconclusive": "#8a5a00", "not applicable": FAINT}
MARKS = {"pass": "✓", "fail": "✗", "inconclusive": "?", "not applicable": "–"}
