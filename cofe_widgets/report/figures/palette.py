"""The colours of an ECG, light and dark: one table for SVG, canvas and style sheet.

They are written in ``palette.json`` and nowhere else; ``js/src/core/theme.ts`` reads the same file.
``changed`` is the counterfactual, ``positive`` and ``negative`` the two hues of an attribution,
``minor`` and ``major`` the lines of 1 and 5 mm, ``change_opacity`` that of the space between two
traces, ``wave_opacity`` that of the wash over a wave. Waves have Okabe and Ito's blue, orange and
green, which the colour-blind tell apart too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

#: By theme and name: colours as ``#rrggbb``, opacities from 0 to 1.
PALETTE: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("palette.json").read_text("utf-8")
)
