// Waits between two marks: how a run lets go of everything for minutes or weeks, and how one in the middle of a long call is stopped.
package main

import (
	"strconv"
	"time"

	"lockstep"
	"lockstep/clock"
	"lockstep/files"
	"lockstep/shell"
)

func init() { lockstep.Register(wait) }

func main() {}

func wait(p *lockstep.Procedure) {
	p.Describe("wait", "0.1.0").Title("Wait between two marks")
	p.Parameter("sleep").Title("Seconds to wait without holding anything").Fallback("0")
	p.Parameter("hold").Title("Seconds that a program runs").Fallback("0")
	p.Step("begin", "Leave the first mark", leave("/marks/begun", "begun")).Undo(remove("/marks/begun"))
	p.Step("hold", "Run a program for a while", hold)
	p.Step("rest", "Wait", rest)
	p.Step("end", "Leave the last mark", leave("/marks/ended", "ended")).Undo(remove("/marks/ended"))
}

func leave(path, text string) func(*lockstep.Ctx) (any, error) {
	return func(*lockstep.Ctx) (any, error) { return nil, files.WriteText(path, text) }
}

func remove(path string) func(*lockstep.Ctx) error {
	return func(*lockstep.Ctx) error { return files.Remove(path) }
}

func hold(ctx *lockstep.Ctx) (any, error) {
	seconds, err := ctx.Number("hold")
	if err != nil || seconds <= 0 {
		return nil, err
	}
	exit, err := shell.Command("/usr/bin/sleep", strconv.FormatInt(seconds, 10)).Run()
	if err != nil {
		return nil, err
	}
	return nil, exit.ExpectSuccess()
}

func rest(ctx *lockstep.Ctx) (any, error) {
	seconds, err := ctx.Number("sleep")
	if err != nil || seconds <= 0 {
		return nil, err
	}
	return nil, clock.Sleep(time.Duration(seconds) * time.Second)
}
