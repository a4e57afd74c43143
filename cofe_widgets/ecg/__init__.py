"""The one value of the package, `Record`, an electrocardiogram, and the algebra of its leads."""

from ..vocabulary.leads import INDEPENDENT_LEADS, LEADS, OTHER_LEADS
from .gaps import bridged, runs
from .leads import LIMB_LEADS, expand_matrix, lead_name, limb_matrix
from .record import Record, stored_record

__all__ = [
    "INDEPENDENT_LEADS",
    "LEADS",
    "LIMB_LEADS",
    "OTHER_LEADS",
    "Record",
    "bridged",
    "expand_matrix",
    "lead_name",
    "limb_matrix",
    "runs",
    "stored_record",
]
