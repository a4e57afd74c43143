"""What a record is called where its own name may not be told: by the hash of its samples."""

from __future__ import annotations

import hashlib

import numpy as np

from ..ecg import Record


def record_hash(record: Record) -> str:
    """Hash of what a record holds: samples, rate and leads, not what it is called."""
    digest = hashlib.sha256(f"{record.fs} {record.leads} {record.signal.shape}".encode())
    digest.update(np.ascontiguousarray(record.signal).tobytes())
    return digest.hexdigest()[:32]


def public_name(record: Record) -> str:
    """What to call a record outside the session: its title, or ``ECG`` and eight digits of its hash.

    The same samples have the same name, and who holds the recording finds it again by it; the name
    of its file, which may be that of a person, is not told.
    """
    title = record.meta.get("title")
    return title if isinstance(title, str) and title else f"ECG {record_hash(record)[:8]}"
