"""Blue-green: the new version starts beside the old one, is tried, gets the traffic, is watched, and only then is the old one retired.

Every effect is one that may be repeated, or one with a probe that says whether it happened, so that a crash anywhere is answered by going on.
"""

import checks
import release
import slots
from lockstep import Procedure, minutes, procedure


@procedure
def blue_green(p: Procedure) -> None:
    p.describe("blue-green", "0.1.0").title("Put a new version live beside the old one, and take it back if it is not as good")
    p.parameter("version").title("The version to release, 2.0.0 for example")
    p.parameter("release-digest").title("SHA-256 of the release's manifest.json: what was approved is what goes live")
    p.parameter("front").title("Where clients reach the service")
    p.parameter("site").title("The site's directory on the host")
    p.parameter("work-tree").title("The git work tree the release was built from")
    p.parameter("service").title("The program that starts and stops the service")
    p.parameter("soak-seconds").title("How long the old version is kept after the switch").fallback(60)
    p.parameter("slowest-milliseconds").title("The slowest answer that still counts as good").fallback(250)

    p.phase("Pre-flight")
    p.step("clean", "The work tree is clean, and its commit is known", checks.clean)
    p.step("untagged", "The version has not been released before", checks.untagged)
    p.step("space", "There is room for the release", checks.space)
    p.step("current", "The current version is healthy, and the idle slot is known", checks.current)

    p.phase("Release")
    p.step("pin", "The release is what was approved", release.pin)
    p.step("tag", "The commit carries the version's tag", release.tag).undo(release.untag)
    p.step("install", "The release is in the idle slot", release.install).undo(release.remove)
    p.step("start", "The new version runs in the idle slot", release.start).undo(release.stop).timeout(minutes(2))

    p.phase("Smoke")
    p.step("healthy", "It is healthy and says its version", checks.healthy).timeout(minutes(1))
    p.step("login", "A person can log in, and a stranger cannot", checks.login).timeout(minutes(1))

    p.phase("Traffic")
    p.step("switch", "Clients reach the new version", slots.switch_over).undo(slots.switch_back)
    p.step("verify", "It answers clients as well as the old one did", checks.verify).timeout(minutes(2))
    p.step("soak", "It goes on doing so while the old one is kept", checks.soak)
    p.step("retire", "The old version is stopped", slots.retire).irreversible()
