// Releases an image with docker compose and no outage: both images are there and pinned by digest before anything is touched, the new version starts in the slot
// beside the old one, gets the traffic, and only then is the old one stopped. Its container and image stay, so that there is a way back.
package main

import (
	"strings"
	"time"

	"lockstep"
	"lockstep/clock"
	"lockstep/files"
	"lockstep/http"
	"lockstep/log"
)

// front says which slot the front sends clients to: it reads this file for each of them.
const front = "/front/slot"

func init() { lockstep.Register(composeRelease) }

func main() {}

func composeRelease(p *lockstep.Procedure) {
	p.Describe("compose-release", "0.1.0").Title("Put an image live beside the old one, and take it back if it is not as good")
	p.Parameter("image").Title("The image to release, with a tag or a digest")
	p.Parameter("compose-file").Title("The project, with a service `blue` and a service `green`")
	p.Parameter("docker").Title("The client").Fallback("/usr/bin/docker")
	p.Parameter("docker-compose").Title("And that of compose").Fallback("/usr/bin/docker-compose")
	p.Parameter("front").Title("Where clients reach the service").Fallback("http://127.0.0.1:8080")
	p.Parameter("blue").Title("Where the slot blue answers").Fallback("http://127.0.0.1:8081")
	p.Parameter("green").Title("Where the slot green answers").Fallback("http://127.0.0.1:8082")
	p.Parameter("soak-seconds").Title("How long both run after the switch").Fallback("30")
	p.Parameter("how").Title("Side by side, or `down` first as the old runbook had it").Choices("side-by-side", "down-first").Fallback("side-by-side")

	p.Phase("Pre-flight")
	p.Step("present", "One slot serves, and the digest of its image is known", present)
	p.Step("images", "Both images are on this machine, each known by its digest", images).Timeout(10 * time.Minute)

	p.Phase("Release")
	p.Step("start", "The new version runs in the idle slot", start).Undo(stop).Timeout(3 * time.Minute)
	p.Step("healthy", "It is healthy", healthy).Timeout(2 * time.Minute)

	p.Phase("Traffic")
	p.Step("switch", "Clients reach the new version", switchOver).Undo(switchBack)
	p.Step("verify", "It answers them", verify).Timeout(2 * time.Minute)
	p.Step("soak", "It goes on doing so while the old one is kept", soak)
	p.Step("retire", "The old version is stopped; its container and image stay", retire).Undo(bringBack).Timeout(3 * time.Minute)
}

// slots are what the pre-flight found.
type slots struct {
	// Live is the slot that serves.
	Live string `json:"live"`
	// Idle is the slot for the new version.
	Idle string `json:"idle"`
	// Image is what the live one runs, by digest: whatever its tag comes to mean, this is what an undo puts back.
	Image string `json:"image"`
}

func present(ctx *lockstep.Ctx) (any, error) {
	text, err := files.ReadText(front)
	if err != nil {
		return nil, err
	}
	live := strings.TrimSpace(text)
	idle, known := map[string]string{"blue": "green", "green": "blue"}[live]
	if !known {
		return nil, lockstep.Fail("%s says %q: expected blue or green", front, live)
	}
	address, err := ctx.Parameter("front")
	if err != nil {
		return nil, err
	}
	if err := answers(address); err != nil {
		return nil, err
	}
	image, err := imageOf(ctx, live)
	if err != nil {
		return nil, err
	}
	log.Info("%s serves %s; %s is idle", live, image, idle)
	return slots{live, idle, image}, nil
}

// images gives the new image by its digest: what was pulled here is what is started later, wherever its tag points by then.
func images(ctx *lockstep.Ctx) (any, error) {
	image, err := ctx.Parameter("image")
	if err != nil {
		return nil, err
	}
	pinned, err := pull(ctx, image)
	if err != nil {
		return nil, err
	}
	var found slots
	if err := ctx.Output("present", &found); err != nil {
		return nil, err
	}
	if err := expectThere(ctx, found.Image); err != nil {
		return nil, err
	}
	log.Info("%s is here", pinned)
	return pinned, nil
}

// both are the slots, and the image for the idle one.
func both(ctx *lockstep.Ctx) (found slots, image string, err error) {
	if err = ctx.Output("present", &found); err == nil {
		err = ctx.Output("images", &image)
	}
	return found, image, err
}

func start(ctx *lockstep.Ctx) (any, error) {
	how, err := ctx.Parameter("how")
	if err != nil {
		return nil, err
	}
	if how == "down-first" {
		command, err := compose(ctx, "down")
		if err != nil {
			return nil, err
		}
		if _, err := succeeds(command); err != nil {
			return nil, err
		}
	}
	found, image, err := both(ctx)
	if err != nil {
		return nil, err
	}
	return nil, up(ctx, found.Idle, [2]string{found.Idle, image}, [2]string{found.Live, found.Image})
}

func stop(ctx *lockstep.Ctx) error {
	var found slots
	if err := ctx.Output("present", &found); err != nil {
		return err
	}
	return halt(ctx, found.Idle)
}

func healthy(ctx *lockstep.Ctx) (any, error) {
	var found slots
	if err := ctx.Output("present", &found); err != nil {
		return nil, err
	}
	return nil, serves(ctx, found.Idle)
}

// serves waits until a slot answers by itself.
func serves(ctx *lockstep.Ctx, slot string) error {
	address, err := ctx.Parameter(slot)
	if err != nil {
		return err
	}
	return clock.Within(time.Minute, 200*time.Millisecond, func() error { return answersAt(address + "/health") })
}

// answers is what a client would notice.
func answers(address string) error {
	if err := answersAt(address + "/health"); err != nil {
		return err
	}
	return answersAt(address + "/shop")
}

func answersAt(url string) error {
	response, err := http.Get(url).Send()
	if err != nil {
		return err
	}
	return response.ExpectStatus(200)
}

func switchOver(ctx *lockstep.Ctx) (any, error) {
	var found slots
	if err := ctx.Output("present", &found); err != nil {
		return nil, err
	}
	return nil, sendClientsTo(found.Idle)
}

func switchBack(ctx *lockstep.Ctx) error {
	var found slots
	if err := ctx.Output("present", &found); err != nil {
		return err
	}
	return sendClientsTo(found.Live)
}

func sendClientsTo(slot string) error {
	log.Info("clients are sent to %s", slot)
	return files.WriteText(front, slot+"\n")
}

func verify(ctx *lockstep.Ctx) (any, error) {
	address, err := ctx.Parameter("front")
	if err != nil {
		return nil, err
	}
	return nil, clock.During(2*time.Second, 200*time.Millisecond, func() error { return answers(address) })
}

func soak(ctx *lockstep.Ctx) (any, error) {
	seconds, err := ctx.Number("soak-seconds")
	if err != nil {
		return nil, err
	}
	if err := clock.Sleep(time.Duration(seconds) * time.Second); err != nil {
		return nil, err
	}
	return verify(ctx)
}

func retire(ctx *lockstep.Ctx) (any, error) {
	var found slots
	if err := ctx.Output("present", &found); err != nil {
		return nil, err
	}
	serving, err := files.ReadText(front)
	if err != nil {
		return nil, err
	}
	if err := lockstep.Ensure(strings.TrimSpace(serving) == found.Idle, "the front no longer goes to %s: somebody has switched by hand", found.Idle); err != nil {
		return nil, err
	}
	return nil, halt(ctx, found.Live)
}

// bringBack starts the recorded digest, not what its tag means by now.
func bringBack(ctx *lockstep.Ctx) error {
	found, image, err := both(ctx)
	if err != nil {
		return err
	}
	if err := up(ctx, found.Live, [2]string{found.Live, found.Image}, [2]string{found.Idle, image}); err != nil {
		return err
	}
	return serves(ctx, found.Live)
}
