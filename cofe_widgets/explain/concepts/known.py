"""The clinical rules as concepts: what each is called, whose it is, and the named edit that brings it about.

One row a rule. An edit is made of named changes (`vocabulary.territories.CHANGES`), each by the number that
`generative.named_edit` takes (mV for a wave in a territory, the logarithm of the factor for durations and
rate, s for PR); where none brings the rule about, the row has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

Edits = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Known:
    """What is known of a rule as a concept.

    Attributes
    ----------
    title : str
    classes : tuple of str
        Diagnoses (`vocabulary.diagnoses`) that the rule was written for.
    edits : tuple of (name, number)
        Changes that together move an ECG towards the rule.
    note : str
        What the edit leaves out, or why there is none.
    """

    title: str
    classes: tuple[str, ...] = ()
    edits: Edits = ()
    note: str = ""


_MI = ("MI", "AMI", "IMI", "SMI")
#: Some of them by PTB-XL's superclasses and subclasses.
_ISCHAEMIA = ("STEMI_A", "STEMI_I", "STEMI_L", "STTC", "ISC_", "ISCA", "ISCI")
_LVH = ("LVH", "HYP")
_INFERIOR_Q = ("q_ii_iii_avf", 0.35)
_NO_EDIT = "no named edit changes {} of a patient"

KNOWN: dict[str, Known] = {
    "V2V3-MI": Known("Q waves in V2 and V3", _MI, (("q_v1_v2", 0.4), ("q_v3_v4", 0.4))),
    "RPEAK-MI": Known(
        "broad dominant R in V1 and V2", _MI, (("r_v1_v2", 1.0), ("s_v1_v2", -1.0)),
        "R grows higher by the edit, not broader",
    ),
    "QPEAK-MI": Known("Q waves in two limb or lateral leads", _MI, (_INFERIOR_Q,)),
    "QWAVES-MI": Known(
        "any rule of Q waves or of a dominant R", _MI,
        (_INFERIOR_Q, ("q_v1_v2", 0.4), ("q_v3_v4", 0.4)),
        "the edit draws Q waves and no dominant R",
    ),
    "QRS-CLBBB": Known(
        "QRS of 120 ms or more", ("LBBB", "RBBB"), (("qrs", log(1.45)),),
        "the edit stretches the QRS and leaves its shape",
    ),
    "ST-ELEV-ISC": Known(
        "ST elevation in two contiguous leads", _ISCHAEMIA,
        (("st_v1_v2", 0.25), ("st_v3_v4", 0.25)), "the edit raises ST in V1 to V4",
    ),
    "ST-DEPR-ISC": Known(
        "ST depression or T inversion in two contiguous leads", ("STTC", "ISC_", "ISCA", "ISCI"),
        (("st_v5_v6", -0.2), ("st_v3_v4", -0.2)), "the edit lowers ST in V3 to V6",
    ),
    "LI-LVH": Known("Lewis index above 1.6 mV", _LVH, (("r_i_avl", 0.8), ("s_ii_iii_avf", 0.8))),
    "SLI-LVH": Known(
        "Sokolow-Lyon index of 3.5 mV or more", _LVH, (("r_v5_v6", 1.0), ("s_v1_v2", 1.0))
    ),
    "RS-LVH": Known("R or S of 2 mV or more in a limb lead", _LVH, (("r_i_avl", 1.2),)),
    "S12-LVH": Known("S of 3 mV or more in V1 or V2", _LVH, (("s_v1_v2", 1.5),)),
    "R56-LVH": Known("R of 3 mV or more in V5 or V6", _LVH, (("r_v5_v6", 1.5),)),
    "ROMHILT-ESTES": Known(
        "Romhilt-Estes score of 5 or more", _LVH,
        (("r_v5_v6", 1.5), ("s_v1_v2", 1.5), ("t_v5_v6", -0.5)),
        "the edit changes voltage and T, no other part of the score",
    ),
    "AGE>75": Known("older than 75 years", note=_NO_EDIT.format("the age")),
    "SEX=FEMALE": Known("female sex", note=_NO_EDIT.format("the sex")),
    "no P waves": Known("no P waves", ("AF", "AFL"), (("p_wave_taken_away", 1.0),)),
    "sinus P waves": Known(
        "an upright P wave in II before the beats", ("NSR", "SR", "SB", "STach"),
        (("p_wave_taken_away", -1.0),),
    ),
    "irregular RR intervals": Known("irregular RR intervals", ("AF",), (("irregularity", 0.18),)),
    "bradycardia": Known("heart rate below 60 bpm", ("SB",), (("heart_rate", log(0.65)),)),
    "tachycardia": Known("heart rate above 100 bpm", ("STach", "SVT"), (("heart_rate", log(1.6)),)),
    "a normal heart rate": Known(
        "heart rate of 60 to 100 bpm", ("NSR",), note="no one direction leads to the middle"
    ),
    "a long PR interval": Known("PR above 200 ms", ("IAVB", "_AVB"), (("pr", 0.08),)),
    "the pattern of left bundle branch block": Known(
        "the main criteria of left bundle branch block", ("LBBB",),
        (("qrs", log(1.45)), ("r_v1_v2", -0.3), ("s_v1_v2", 0.8)),
        "the edit stretches the QRS and lowers it in V1 and V2",
    ),
    "the pattern of right bundle branch block": Known(
        "the main criteria of right bundle branch block", ("RBBB",),
        (("qrs", log(1.45)), ("r_v1_v2", 1.0), ("s_v5_v6", 0.5)),
        "the edit stretches the QRS and raises R in V1 and V2",
    ),
    "a criterion of left ventricular hypertrophy": Known(
        "any voltage criterion of hypertrophy", _LVH, (("r_v5_v6", 1.5), ("s_v1_v2", 1.5))
    ),
    "low QRS voltage": Known("QRS voltage is low in all leads", ("LQRSV",), (("r_amplitude", -3.2),)),
}  # fmt: skip
