// Goes wrong in the ways that code goes wrong by itself, to show what becomes of each.
package main

import (
	"bytes"
	"time"

	"lockstep"
	"lockstep/artifact"
)

func init() { lockstep.Register(astray) }

func main() {}

func astray(p *lockstep.Procedure) {
	p.Describe("astray", "0.1.0").Title("Go wrong in every way that needs no help")
	p.Step("throws", "Panics, and is tried again", throws).Retry(2, 10*time.Millisecond).RetryOn("step.exception").OnFailureContinue()
	p.Step("recurses", "Calls itself without end", recurses).Needs().OnFailureContinue()
	p.Step("hoards", "Takes all the memory there is", hoards).Needs().OnFailureContinue()
	p.Step("answers", "Gives what is no JSON", answers).Needs().OnFailureContinue()
	p.Step("leaves", "Leaves something that cannot be taken back", leaves).Needs().Undo(unleave)
	p.Step("ends", "Gives up", ends).OnFailureUndo()
}

func throws(*lockstep.Ctx) (any, error) { panic("the cup is empty") }

func recurses(*lockstep.Ctx) (any, error) { return deeper(0), nil }

func deeper(level int) int { return deeper(level+1) + 1 }

func hoards(*lockstep.Ctx) (any, error) {
	for hoard := [][]byte{}; ; {
		hoard = append(hoard, bytes.Repeat([]byte{1}, 1<<20))
	}
}

func answers(*lockstep.Ctx) (any, error) { return deeper, nil }

func leaves(*lockstep.Ctx) (any, error) {
	_, err := artifact.FromText("left", "something")
	return nil, err
}

func unleave(ctx *lockstep.Ctx) error {
	_, err := throws(ctx)
	return err
}

func ends(*lockstep.Ctx) (any, error) { return nil, lockstep.Fail("nothing went well") }
