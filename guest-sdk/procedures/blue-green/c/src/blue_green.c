// Blue-green: the new version starts beside the old one, is tried, gets the traffic, is watched, and only then is the old one retired.
//
// Every effect is one that may be repeated, or one with a probe that says whether it happened, so that a crash anywhere is answered by going on.
#include "steps.h"

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "blue-green", "0.1.0", .title = "Put a new version live beside the old one, and take it back if it is not as good");
    ls_parameter(p, "version", .title = "The version to release, 2.0.0 for example");
    ls_parameter(p, "release-digest", .title = "SHA-256 of the release's manifest.json: what was approved is what goes live");
    ls_parameter(p, "front", .title = "Where clients reach the service");
    ls_parameter(p, "site", .title = "The site's directory on the host");
    ls_parameter(p, "work-tree", .title = "The git work tree the release was built from");
    ls_parameter(p, "service", .title = "The program that starts and stops the service");
    ls_parameter(p, "soak-seconds", .title = "How long the old version is kept after the switch", .fallback = "60");
    ls_parameter(p, "slowest-milliseconds", .title = "The slowest answer that still counts as good", .fallback = "250");

    ls_phase(p, "Pre-flight");
    ls_step(p, "clean", "The work tree is clean, and its commit is known", clean);
    ls_step(p, "untagged", "The version has not been released before", untagged);
    ls_step(p, "space", "There is room for the release", space);
    ls_step(p, "current", "The current version is healthy, and the idle slot is known", current);

    ls_phase(p, "Release");
    ls_step(p, "pin", "The release is what was approved", pin);
    ls_step(p, "tag", "The commit carries the version's tag", tag, .undo = untag);
    ls_step(p, "install", "The release is in the idle slot", install, .undo = remove_release);
    ls_step(p, "start", "The new version runs in the idle slot", start, .undo = stop, .timeout = ls_minutes(2));

    ls_phase(p, "Smoke");
    ls_step(p, "healthy", "It is healthy and says its version", healthy, .timeout = ls_minutes(1));
    ls_step(p, "login", "A person can log in, and a stranger cannot", login, .timeout = ls_minutes(1));

    ls_phase(p, "Traffic");
    ls_step(p, "switch", "Clients reach the new version", switch_over, .undo = switch_back);
    ls_step(p, "verify", "It answers clients as well as the old one did", verify, .timeout = ls_minutes(2));
    ls_step(p, "soak", "It goes on doing so while the old one is kept", soak);
    ls_step(p, "retire", "The old version is stopped", retire, .irreversible = true);
}
