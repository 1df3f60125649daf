// Blue-green: the new version starts beside the old one, is tried, gets the traffic, is watched, and only then is the old one retired.
//
// Every effect is one that may be repeated, or one with a probe that says whether it happened, so that a crash anywhere is answered by going on.
package main

import (
	"time"

	"lockstep"
)

func init() { lockstep.Register(blueGreen) }

func main() {}

func blueGreen(p *lockstep.Procedure) {
	p.Describe("blue-green", "0.1.0").Title("Put a new version live beside the old one, and take it back if it is not as good")
	p.Parameter("version").Title("The version to release, 2.0.0 for example")
	p.Parameter("release-digest").Title("SHA-256 of the release's manifest.json: what was approved is what goes live")
	p.Parameter("front").Title("Where clients reach the service")
	p.Parameter("site").Title("The site's directory on the host")
	p.Parameter("work-tree").Title("The git work tree the release was built from")
	p.Parameter("service").Title("The program that starts and stops the service")
	p.Parameter("soak-seconds").Title("How long the old version is kept after the switch").Fallback("60")
	p.Parameter("slowest-milliseconds").Title("The slowest answer that still counts as good").Fallback("250")

	p.Phase("Pre-flight")
	p.Step("clean", "The work tree is clean, and its commit is known", clean)
	p.Step("untagged", "The version has not been released before", untagged)
	p.Step("space", "There is room for the release", space)
	p.Step("current", "The current version is healthy, and the idle slot is known", current)

	p.Phase("Release")
	p.Step("pin", "The release is what was approved", pin)
	p.Step("tag", "The commit carries the version's tag", tag).Undo(untag)
	p.Step("install", "The release is in the idle slot", install).Undo(remove)
	p.Step("start", "The new version runs in the idle slot", start).Undo(stop).Timeout(2 * time.Minute)

	p.Phase("Smoke")
	p.Step("healthy", "It is healthy and says its version", healthy).Timeout(time.Minute)
	p.Step("login", "A person can log in, and a stranger cannot", login).Timeout(time.Minute)

	p.Phase("Traffic")
	p.Step("switch", "Clients reach the new version", switchOver).Undo(switchBack)
	p.Step("verify", "It answers clients as well as the old one did", verify).Timeout(2 * time.Minute)
	p.Step("soak", "It goes on doing so while the old one is kept", soak)
	p.Step("retire", "The old version is stopped", retire).Irreversible()
}
