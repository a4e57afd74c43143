"""Files as version 0.1 wrote them."""

import json
from pathlib import Path

import numpy as np


def counterfactual(cf, path: Path) -> Path:
    names = ("target", "level", "reached", "space", "method", "message")
    known = {k: v for k, v in cf.provenance.items() if k != "call"}
    facts = {k: getattr(cf, k) for k in names} | {"provenance": known}
    former = {"pr": "pr_ms", "heart_rate": "heart_rate_factor", "jt": "jt_factor"}
    facts["moved"] = {former.get(k, k): v for k, v in cf.moved.items()}
    told = {"facts": facts, "meta": dict(cf.original.meta), "trust": cf.trust.to_dict()}
    arrays = {k: getattr(cf, k) for k in ("signals", "predictions", "severities")}
    with path.open("wb") as out:
        text = json.dumps(told, default=str)
        np.savez_compressed(out, facts=text, original=cf.original.signal, **arrays)
    return path


def delineation(one, path: Path) -> Path:
    facts = {k: getattr(one, k) for k in ("fs", "leads", "method", "agreement")}
    facts |= {"model": one.model, "weight_hash": one.weight_hash}
    table = {f"fiducials/{k}": one.fiducials[k].to_numpy() for k in one.fiducials}
    table |= {k: v.astype(str) for k, v in table.items() if v.dtype == object}
    with path.open("wb") as out:
        np.savez_compressed(
            out, facts=json.dumps(facts), soft=one.soft, r_peaks_s=one.r_peaks_s, **table
        )
    return path


def table(audit, path: Path) -> Path:
    told = {
        k: getattr(audit, k).to_dict("list") for k in ("outcomes", "original", "counterfactual")
    }
    path.write_text(json.dumps({**told, "target": audit.target, "provenance": audit.provenance}))
    return path
