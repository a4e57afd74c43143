"""``python -m cofe_widgets.cli``, where the script is not on the PATH."""

import sys

from . import main

sys.exit(main())
