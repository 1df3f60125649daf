// Reserves a room, and takes the reservation back unless the inn confirms it: a call of each kind for a crash to happen in.
package main

import (
	"fmt"
	"time"

	"lockstep"
	"lockstep/clock"
	"lockstep/files"
	"lockstep/http"
)

func init() { lockstep.Register(crash) }

func main() {}

func crash(p *lockstep.Procedure) {
	p.Describe("crash", "0.1.0").Title("Reserve a room, and take it back unless it is confirmed")
	p.Parameter("inn").Title("Where the inn answers")
	p.Step("look", "The room is free", look)
	p.Step("note", "The desk has a note", note).Undo(forget).OnFailureUndo()
	p.Step("reserve", "The room is reserved", reserve).Undo(cancel).OnFailureUndo()
	p.Step("wait", "An hour has passed", wait)
	p.Step("confirm", "The inn has confirmed", confirm).OnFailureUndo()
}

func look(ctx *lockstep.Ctx) (any, error) {
	inn, err := ctx.Parameter("inn")
	if err != nil {
		return nil, err
	}
	room, err := http.Get(inn + "/rooms/7").Send()
	if err != nil {
		return nil, err
	}
	if err := room.ExpectJSON("/free", true); err != nil {
		return nil, err
	}
	var price int
	return &price, room.JSONPath("/price", &price)
}

func note(ctx *lockstep.Ctx) (any, error) {
	var price int
	if err := ctx.Output("look", &price); err != nil {
		return nil, err
	}
	return nil, files.WriteText("/desk/note", fmt.Sprintf("room 7 for %d", price))
}

func forget(*lockstep.Ctx) error { return files.Remove("/desk/note") }

// The inn keeps a reservation under the key that the host sends with it. It is remembered first, so that the undo finds it whatever happens.
func reserve(ctx *lockstep.Ctx) (any, error) {
	inn, err := ctx.Parameter("inn")
	if err != nil {
		return nil, err
	}
	place := inn + "/reservations/" + ctx.IdempotencyKey()
	if err := ctx.Remember("place", place); err != nil {
		return nil, err
	}
	made := http.Probe(place).Happened(200).JSON("/state", "made").DidNot(404)
	answer, err := http.Post(inn + "/reservations").JSON(map[string]int{"room": 7}).Probe(made).Send()
	if err != nil {
		return nil, err
	}
	return place, answer.ExpectSuccess()
}

func cancel(ctx *lockstep.Ctx) error {
	var place string
	if there, err := ctx.Recall("place", &place); err != nil || !there {
		return err
	}
	answer, err := http.Delete(place).Send()
	if err != nil {
		return err
	}
	return answer.ExpectSuccess()
}

func wait(*lockstep.Ctx) (any, error) { return nil, clock.Sleep(time.Hour) }

func confirm(ctx *lockstep.Ctx) (any, error) {
	var place string
	if err := ctx.Output("reserve", &place); err != nil {
		return nil, err
	}
	reservation, err := http.Get(place).Send()
	if err != nil {
		return nil, err
	}
	return nil, reservation.ExpectJSON("/confirmed", true)
}
