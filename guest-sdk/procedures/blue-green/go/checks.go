package main

import (
	"time"

	"lockstep"
	"lockstep/clock"
	"lockstep/files"
	"lockstep/http"
	"lockstep/log"
	"lockstep/secret"
	"lockstep/shell"
)

// room is what the release, both slots and the artifacts fit into several times.
const room = 256 << 20

// git is a git command in the work tree.
func git(ctx *lockstep.Ctx, args ...string) (*shell.Cmd, error) {
	workTree, err := ctx.Parameter("work-tree")
	if err != nil {
		return nil, err
	}
	return shell.Command("/usr/bin/git", "-C", workTree).Args(args...), nil
}

// told runs a git command that must succeed.
func told(ctx *lockstep.Ctx, args ...string) (*shell.Exit, error) {
	command, err := git(ctx, args...)
	if err != nil {
		return nil, err
	}
	exit, err := command.Run()
	if err != nil {
		return nil, err
	}
	return exit, exit.ExpectSuccess()
}

// clean gives the commit: later steps tag that one, whatever happens to the branch meanwhile.
func clean(ctx *lockstep.Ctx) (any, error) {
	status, err := told(ctx, "status", "--porcelain")
	if err != nil {
		return nil, err
	}
	if err := status.ExpectNoOutput(); err != nil {
		return nil, err
	}
	head, err := told(ctx, "rev-parse", "HEAD")
	if err != nil {
		return nil, err
	}
	return head.Text(), nil
}

func untagged(ctx *lockstep.Ctx) (any, error) {
	tag, err := tagOf(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := told(ctx, "tag", "--list", tag)
	if err != nil {
		return nil, err
	}
	return nil, lockstep.Context(listed.ExpectNoOutput(), "%s exists: this version was released before", tag)
}

func space(*lockstep.Ctx) (any, error) { return nil, files.ExpectDiskFree("/site", room) }

// got is a `GET` that must give that status.
func got(url string, status int) (*http.Response, error) {
	response, err := http.Get(url).Send()
	if err != nil {
		return nil, err
	}
	return response, response.ExpectStatus(status)
}

func current(ctx *lockstep.Ctx) (any, error) {
	live, err := liveSlot()
	if err != nil {
		return nil, err
	}
	found := slots{Live: live, Idle: "blue"}
	if live == "blue" {
		found.Idle = "green"
	}
	front, err := ctx.Parameter("front")
	if err != nil {
		return nil, err
	}
	health, err := got(front+"/health", 200)
	if err != nil {
		return nil, err
	}
	if err := health.ExpectJSON("/status", "ok"); err != nil {
		return nil, err
	}
	if err := health.JSONPath("/version", &found.LiveVersion); err != nil {
		return nil, err
	}
	log.Info("%s serves version %s; %s is idle", found.Live, found.LiveVersion, found.Idle)
	return found, nil
}

// idle is where the new version answers, and what it should say.
func idle(ctx *lockstep.Ctx) (address, version string, err error) {
	found, err := slotsOf(ctx)
	if err != nil {
		return "", "", err
	}
	if address, err = addressOf(found.Idle); err != nil {
		return "", "", err
	}
	version, err = ctx.Parameter("version")
	return address, version, err
}

func healthy(ctx *lockstep.Ctx) (any, error) {
	address, version, err := idle(ctx)
	if err != nil {
		return nil, err
	}
	return nil, clock.Within(30*time.Second, 200*time.Millisecond, func() error {
		health, err := got(address+"/health", 200)
		if err != nil {
			return err
		}
		if err := health.ExpectJSON("/status", "ok"); err != nil {
			return err
		}
		return health.ExpectJSON("/version", version)
	})
}

// login never sees the token: the host keeps it and puts it in where it is used.
func login(ctx *lockstep.Ctx) (any, error) {
	address, _, err := idle(ctx)
	if err != nil {
		return nil, err
	}
	password, err := secret.ByID("APP_PASSWORD")
	if err != nil {
		return nil, err
	}
	person := map[string]any{"user": "smoke", "password": password}
	entered, err := http.Post(address+"/login").JSON(person).Capture("/token", "SESSION").Idempotent().Send()
	if err != nil {
		return nil, err
	}
	if err := entered.ExpectStatus(200); err != nil {
		return nil, err
	}
	session, err := secret.ByID("SESSION")
	if err != nil {
		return nil, err
	}
	account, err := http.Get(address + "/account").Bearer(session).Send()
	if err != nil {
		return nil, err
	}
	if err := account.ExpectStatus(200); err != nil {
		return nil, err
	}
	_, err = got(address+"/account", 401)
	return nil, err
}

// good watches through the front for that long: the new version, answering, and fast enough.
func good(ctx *lockstep.Ctx, span time.Duration) error {
	front, err := ctx.Parameter("front")
	if err != nil {
		return err
	}
	version, err := ctx.Parameter("version")
	if err != nil {
		return err
	}
	slowest, err := ctx.Number("slowest-milliseconds")
	if err != nil {
		return err
	}
	return clock.During(span, 200*time.Millisecond, func() error {
		response, err := got(front+"/version", 200)
		if err != nil {
			return err
		}
		if err := response.ExpectJSON("/version", version); err != nil {
			return err
		}
		return response.ExpectFasterThan(time.Duration(slowest) * time.Millisecond)
	})
}

func verify(ctx *lockstep.Ctx) (any, error) { return nil, good(ctx, 2*time.Second) }

// soak sleeps, and looks again at the end.
func soak(ctx *lockstep.Ctx) (any, error) {
	seconds, err := ctx.Number("soak-seconds")
	if err != nil {
		return nil, err
	}
	if err := clock.Sleep(time.Duration(seconds) * time.Second); err != nil {
		return nil, err
	}
	return nil, good(ctx, time.Second)
}
