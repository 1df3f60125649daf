// Many calls in one step: what a call costs, in every language.
package main

import (
	"lockstep"
	"lockstep/random"
)

func init() { lockstep.Register(often) }

func main() {}

func often(p *lockstep.Procedure) {
	p.Describe("often", "0.1.0").Title("Ask the host many times")
	p.Parameter("times").Title("How often").Fallback("100")
	p.Step("count", "Ask what the run knows, of which nothing is recorded", count)
	p.Step("draw", "Ask for something that is recorded", draw)
}

func count(ctx *lockstep.Ctx) (any, error) {
	times, err := ctx.Number("times")
	sum := uint32(0)
	for ; times > 0; times-- {
		sum += ctx.Attempt()
	}
	return sum, err
}

func draw(ctx *lockstep.Ctx) (any, error) {
	times, err := ctx.Number("times")
	last := ""
	for ; times > 0; times-- {
		last = random.UUID()
	}
	return last, err
}
