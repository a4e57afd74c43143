"""`AuditApp`: a model looked at over many records: where it looks, what it knows, whom it errs on."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as w
import traitlets as t

from ...errors import AuditError
from ...markup import escaped
from ...report.sections import sections_page
from ...wrapper import Predictor
from ...wrapper.records import listed
from .concepts import ConceptGrid
from .counterfactuals import CounterfactualsPanel
from .discovery import ClustersPanel
from .glocal import GlocalPanel
from .subgroups import SubgroupsPanel

if TYPE_CHECKING:
    from ...ecg import Record

#: What a file of a value is, by its ending.
_MIME = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "svg": "image/svg+xml",
    "html": "text/html",
}
#: Titles of tabs are questions: none is cut.
_TABS_WHOLE = (
    "<style>.cofe-audit-tabs .lm-TabBar-tab, .cofe-audit-tabs .p-TabBar-tab "
    "{ flex: 0 0 auto; min-width: max-content; }</style>"
)


class AuditApp(w.VBox):
    """Tabs of one audit; what each has computed can be taken away as files.

    Parameters
    ----------
    records : iterable of Record
        Kept, as any of them can be opened.
    models : Predictor or several
    labels : sequence, optional
        For every record the outputs that are true of it; unless given, ``record.meta["labels"]``.

    Attributes
    ----------
    model : str
        Name of the model that is looked at.
    panels : dict
        The widgets of the tabs, by title.
    values : dict
        What they have computed so far, by title.

    Raises
    ------
    AuditError
        No records, no models, two models of one name, or labels of other records.
    """

    model: str = t.Unicode("")  # type: ignore[assignment]

    def __init__(
        self,
        records: Iterable[Record],
        models: Predictor | Sequence[Predictor],
        labels: Sequence[Sequence[str] | None] | None = None,
    ) -> None:
        self.records = listed(records)
        self.models = _by_name([models] if isinstance(models, Predictor) else list(models))
        if not self.records:
            raise AuditError("no records: an audit needs some, of patients or simulated")
        if labels is not None and len(labels) != len(self.records):
            raise AuditError(f"{len(labels)} labels for {len(self.records)} records: one for each")
        self.labels = labels
        self._kept: dict[str, dict[str, w.Widget]] = {}
        self._menu = w.Dropdown(description="Model", options=list(self.models))
        self._menu.layout.display = "" if len(self.models) > 1 else "none"
        self._tabs = w.Tab(layout=w.Layout(width="100%"))
        self._tabs.add_class("cofe-audit-tabs")
        self._files, self._save = w.HTML(), w.Button(description="Prepare files")
        self._save.on_click(lambda _: self.prepare())
        told = w.HTML(f"{_TABS_WHOLE}<p>{escaped(self._about())}</p>")
        save = w.HBox([self._save, self._files], layout=w.Layout(flex_flow="row wrap"))
        super().__init__([told, self._menu, self._tabs, save])
        self.add_class("cofe-audit")
        t.link((self._menu, "value"), (self, "model"))
        self._turn()

    def _about(self) -> str:
        simulated = sum(one.meta.get("source") == "simulated" for one in self.records)
        of = f", {simulated} of them simulated" if 0 < simulated < len(self.records) else ""
        kind = "simulated ECGs" if simulated == len(self.records) else "ECGs"
        return f"An audit of {', '.join(self.models)} on {len(self.records)} {kind}{of}."

    # -- tabs

    @property
    def panels(self) -> dict[str, w.Widget]:
        """The widgets of the tabs of this model, by title."""
        if self.model not in self._kept:
            f = self.models[self.model]
            made = {title: make(self, f) for title, make in TABS.items()}
            t.dlink((made[GROUP], "selected"), (made[LOOKS], "selected"))
            self._kept[self.model] = made
        return self._kept[self.model]

    @t.observe("model")
    def _turn(self, _: Any = None) -> None:
        """Show the tabs of another model; what was computed of this one is kept."""
        if not self.model:
            return
        chosen = self._tabs.selected_index
        self._tabs.children = tuple(self.panels.values())
        self._tabs.titles = tuple(self.panels)
        self._tabs.selected_index = chosen or 0
        self._files.value = ""

    @property
    def values(self) -> dict[str, Any]:
        """What the tabs of this model have computed, by title."""
        found = {title: _value(panel) for title, panel in self.panels.items()}
        return {title: value for title, value in found.items() if value is not None}

    def kinds(self) -> list[str | None]:
        """What is true of each record, in one text; None where nobody said."""
        told = (
            [one.meta.get("labels") for one in self.records] if self.labels is None else self.labels
        )
        return [None if one is None else " ".join(sorted(one)) or "none" for one in told]

    # -- files

    def report(self, heading: str | None = None) -> str:
        """What was computed so far as one page, HTML.

        Raises
        ------
        AuditError
            When nothing was.
        """
        if not self.values:
            raise AuditError("nothing was computed yet: press Compute in a tab first")
        sections: dict[str, Any] = {"What was audited": self._about(), **self.values}
        return sections_page(heading or f"{self.model}: an audit", sections)

    def files(self) -> dict[str, bytes]:
        """Every value as CSV, Parquet (where pyarrow is) and SVG, and one page of all; names and bytes."""
        out = {}
        for title, value in self.values.items():
            name = title.lower().replace(" ", "-").rstrip("?")
            table = value.to_frame()
            out[f"{name}.csv"] = table.to_csv().encode()
            parquet = _parquet(table)
            if parquet is not None:
                out[f"{name}.parquet"] = parquet
            out[f"{name}.svg"] = value.figure().encode()
        out["audit.html"] = self.report().encode()
        return out

    def prepare(self) -> None:
        """Links to `files`, under the button; those of pictures as PNG are drawn by the browser."""
        try:
            made = self.files()
        except AuditError as error:
            self._files.value = f'<span role="alert">{escaped(error)}</span>'
            return
        self._files.value = " · ".join(_link(name, data) for name, data in made.items())


def _by_name(models: Sequence[Predictor]) -> dict[str, Predictor]:
    for one in models:
        if not isinstance(one, Predictor):
            raise AuditError(f"a model is a {type(one).__name__}: wrap it first (cw.wrap)")
    names = {one.name: one for one in models}
    if not names:
        raise AuditError("no models: give at least one, cw.load(...) or cw.wrap(...)")
    if len(names) < len(models):
        raise AuditError("two models have one name: give each its own, cw.wrap(..., name=...)")
    return names


def _value(panel: Any) -> Any:
    return getattr(panel, "value", None)


def _parquet(table: Any) -> bytes | None:
    """The table as Parquet; None where pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return None
    flat = table.reset_index()
    flat.columns = [str(one) for one in flat.columns]
    out = io.BytesIO()
    flat.to_parquet(out)
    return out.getvalue()


def _link(name: str, data: bytes) -> str:
    mime = _MIME[name.rpartition(".")[2]]
    coded = base64.b64encode(data).decode()
    return f'<a download="{escaped(name)}" href="data:{mime};base64,{coded}">{escaped(name)}</a>'


LOOKS, GROUP = "Where does it look?", "What is in the group?"
#: Title of a tab -> what makes its widget.
TABS: dict[str, Callable[[AuditApp, Predictor], w.Widget]] = {
    LOOKS: lambda app, f: GlocalPanel(app.records, f, app.labels),
    "What does it know?": lambda app, f: ConceptGrid(
        records=app.records, models=f, labels=app.labels, direction="pattern"
    ),
    GROUP: lambda app, f: ClustersPanel(app.records, f, app.kinds()),
    "What would change its mind?": lambda app, f: CounterfactualsPanel(app.records, f),
    "Whom does it err on?": lambda app, f: SubgroupsPanel(app.records, f, app.labels),
}
