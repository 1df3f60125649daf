// The smallest procedure: one parameter, one step, no grant.
package main

import (
	"lockstep"
	"lockstep/log"
)

func init() { lockstep.Register(hello) }

func main() {}

func hello(p *lockstep.Procedure) {
	p.Describe("hello", "0.1.0").Title("Say hello")
	p.Parameter("who").Title("Whom to greet").Fallback("world")
	p.Step("greet", "Greet them", greet)
}

func greet(ctx *lockstep.Ctx) (any, error) {
	who, err := ctx.Parameter("who")
	if err != nil {
		return nil, err
	}
	greeting := "hello, " + who
	log.Info("%s", greeting)
	return greeting, nil
}
