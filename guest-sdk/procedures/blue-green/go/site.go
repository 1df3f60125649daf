package main

import (
	"strings"

	"lockstep"
	"lockstep/files"
	"lockstep/log"
	"lockstep/shell"
)

// link is what the front follows.
const link = "/site/current"

// slots are what the pre-flight found: which slot serves, the version in it, and the slot for the new version.
type slots struct {
	Live        string `json:"live"`
	LiveVersion string `json:"live_version"`
	Idle        string `json:"idle"`
}

// slotsOf are the slots as the step `current` found them.
func slotsOf(ctx *lockstep.Ctx) (found slots, err error) {
	err = ctx.Output("current", &found)
	return found, err
}

// liveSlot is the slot that the link points to.
func liveSlot() (string, error) {
	target, err := files.LinkTarget(link)
	switch {
	case err != nil:
		return "", err
	case target == "":
		return "", lockstep.Fail("%s is not a link: the site has never been set up", link)
	case target == "slots/blue" || target == "slots/green":
		return strings.TrimPrefix(target, "slots/"), nil
	default:
		return "", lockstep.Fail("%s points to %s: expected slots/blue or slots/green", link, target)
	}
}

// addressOf is where the service of a slot answers.
func addressOf(slot string) (string, error) {
	port, err := files.ReadText("/site/slots/" + slot + "/port")
	return "http://127.0.0.1:" + strings.TrimSpace(port), err
}

// service is the service's own command for a slot. It may be repeated: starting what runs and stopping what does not are both well.
func service(ctx *lockstep.Ctx, verb, slot string) (*shell.Cmd, error) {
	site, err := ctx.Parameter("site")
	if err != nil {
		return nil, err
	}
	program, err := ctx.Parameter("service")
	if err != nil {
		return nil, err
	}
	return shell.Command(program, verb, "--state", site+"/state/"+slot).Idempotent(), nil
}

func succeeds(command *shell.Cmd, err error) error {
	if err != nil {
		return err
	}
	exit, err := command.Run()
	if err != nil {
		return err
	}
	return exit.ExpectSuccess()
}

func switchOver(ctx *lockstep.Ctx) (any, error) {
	found, err := slotsOf(ctx)
	if err != nil {
		return nil, err
	}
	return nil, pointTo(found.Idle)
}

func switchBack(ctx *lockstep.Ctx) error {
	found, err := slotsOf(ctx)
	if err != nil {
		return err
	}
	return pointTo(found.Live)
}

// pointTo is one rename: a request follows the old link or the new one, never none.
func pointTo(slot string) error {
	log.Info("clients are sent to %s", slot)
	return files.Link(link, "slots/"+slot)
}

// retire is the point of no return: after this, going back means releasing the old version again.
func retire(ctx *lockstep.Ctx) (any, error) {
	found, err := slotsOf(ctx)
	if err != nil {
		return nil, err
	}
	serves, err := liveSlot()
	if err != nil {
		return nil, err
	}
	if err := lockstep.Ensure(serves == found.Idle, "the link no longer points to %s: somebody has switched by hand", found.Idle); err != nil {
		return nil, err
	}
	if err := succeeds(service(ctx, "stop", found.Live)); err != nil {
		return nil, err
	}
	log.Info("%s of version %s is stopped", found.Live, found.LiveVersion)
	return nil, nil
}
