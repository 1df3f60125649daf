// Restarts the shop and sees that it serves: the example of the guide.
package main

import (
	"time"

	"lockstep"
	"lockstep/clock"
	"lockstep/http"
	"lockstep/shell"
)

func init() { lockstep.Register(restart) }

func main() {}

func restart(p *lockstep.Procedure) {
	p.Describe("restart", "0.1.0").Title("Restart the shop and see that it serves")
	p.Parameter("url").Title("Where the shop answers").Fallback("http://127.0.0.1:8080")

	p.Phase("Pre-flight")
	p.Step("look", "The shop is healthy before we touch it", look)
	p.Phase("Restart")
	p.Step("restart", "Restart the shop", restartIt).Timeout(2 * time.Minute)
	p.Step("verify", "The shop is healthy again", verify)
}

func healthy(ctx *lockstep.Ctx) error {
	url, err := ctx.Parameter("url")
	if err != nil {
		return err
	}
	response, err := http.Get(url + "/health").Send()
	if err != nil {
		return err
	}
	if err := response.ExpectStatus(200); err != nil {
		return err
	}
	return response.ExpectJSON("/status", "ok")
}

func look(ctx *lockstep.Ctx) (any, error) { return nil, healthy(ctx) }

func restartIt(*lockstep.Ctx) (any, error) {
	exit, err := shell.Command("/usr/bin/systemctl", "restart", "shop").Idempotent().Run()
	if err != nil {
		return nil, err
	}
	return nil, exit.ExpectSuccess()
}

func verify(ctx *lockstep.Ctx) (any, error) {
	return nil, clock.Within(30*time.Second, time.Second, func() error { return healthy(ctx) })
}
