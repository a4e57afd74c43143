"""The audit of a model over many records as a dashboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..ecg import Record
    from ..widgets.audit.app import AuditApp
    from ..wrapper import Predictor


def audit_app(
    records: Iterable[Record],
    models: Predictor | str | Sequence[Predictor | str],
    labels: Sequence[Sequence[str] | None] | None = None,
) -> AuditApp:
    """A model looked at over many records, in tabs: each computes when asked, and can be stopped.

    Parameters
    ----------
    records : iterable of Record
        Of patients, or simulated: ``[one.record for one in cw.simulate(...)]``.
    models : Predictor, name of a shipped one, or several
    labels : sequence, optional
        For every record the outputs that are true of it; unless given, ``record.meta["labels"]``.

    Returns
    -------
    AuditApp
        A widget; ``values`` holds what its tabs have computed, ``report()`` is one page of it.

    Raises
    ------
    AuditError
        No records, no models, or labels of other records.
    """
    from ..widgets.audit.app import AuditApp  # loads bqplot, which the other apps do without
    from ..wrapper import Predictor, load

    some = [models] if isinstance(models, Predictor | str) else list(models)
    return AuditApp(records, [load(one) if isinstance(one, str) else one for one in some], labels)
