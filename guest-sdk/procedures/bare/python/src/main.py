"""A procedure without the SDK: what componentize-py makes of the contract, and Python's own library on the host's virtual WASI.

`print` is a log line here, the library's clock is the run's, and so is its randomness: the journal is that of the procedures that ask the contract.
"""

import json
import os
import random
import time

from wit_world import exports
from wit_world.imports import plan, run

# The runtime seeds the library's generator when an instance starts: ten records of randomness that nothing here uses.
random.seed = lambda: None


class Procedure(exports.Procedure):
    def describe(self) -> None:
        plan.Description("bare", "0.1.0").title("Greet without an SDK")
        plan.Parameter("who").fallback("world")

    def plan(self) -> None:
        plan.Step("greet", "Greet them")

    def run_step(self, step: str) -> str | None:
        print(f"hello, {run.parameter('who')}", flush=True)
        year = time.gmtime(time.time()).tm_year
        return json.dumps({"year": year, "dice": os.urandom(8).hex()}, separators=(",", ":"))

    def undo_step(self, step: str) -> None:
        pass
