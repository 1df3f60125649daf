"""Write a Lockstep procedure that reads like the runbook it replaces.

One function declares everything: what the procedure is called, what it must be told, and its steps, each a function beside its undo. The host calls that
function on a fresh instance whenever it wants to describe, plan, run a step or undo one, so nothing has to be said twice.

What a component imports is its manifest: `from lockstep import http` is what makes a procedure one that asks for `http`. So the capabilities are modules
of their own, and are not imported here.
"""

from .ctx import Ctx
from .entry import procedure
from .failure import LockstepError, assertion, codes, context, ensure, fail
from .probe import Probe
from .procedure import Description, Parameter, Procedure
from .step import Step
from .units import gib, kib, mib, millis, minutes, secs
from .within import During, Within, during, within

__all__ = [
    "Ctx",
    "Description",
    "During",
    "LockstepError",
    "Parameter",
    "Probe",
    "Procedure",
    "Step",
    "Within",
    "assertion",
    "codes",
    "context",
    "during",
    "ensure",
    "fail",
    "gib",
    "kib",
    "mib",
    "millis",
    "minutes",
    "procedure",
    "secs",
    "within",
]
