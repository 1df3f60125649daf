// Leaves three marks, fails where it is told, and takes back what was left: last in, first out.
package main

import (
	"lockstep"
	"lockstep/files"
	"lockstep/log"
)

func init() { lockstep.Register(undo) }

func main() {}

func undo(p *lockstep.Procedure) {
	p.Describe("undo", "0.1.0").Title("Leave three marks, fail where it is told, and take back what was left")
	p.Parameter("fail").Title("The step that fails").Fallback("none").Choices("none", "first", "second", "third")
	p.Step("first", "Leave the first mark", leave).Undo(takeBack).OnFailureUndo()
	p.Step("second", "Leave the second mark", leave).Undo(takeBack).OnFailureUndo()
	p.Step("third", "Leave the third mark", leave).Undo(takeBack).OnFailureUndo()
}

// What is about to be made is remembered before it is made, so that the undo finds it whatever happens in between.
func leave(ctx *lockstep.Ctx) (any, error) {
	mark := "/marks/" + ctx.Step()
	if err := ctx.Remember("mark", mark); err != nil {
		return nil, err
	}
	if err := files.WriteText(mark, ctx.Step()); err != nil {
		return nil, err
	}
	fail, err := ctx.Parameter("fail")
	if err != nil {
		return nil, err
	}
	if fail == ctx.Step() {
		return nil, lockstep.Fail("told to fail at %s", ctx.Step())
	}
	return mark, nil
}

func takeBack(ctx *lockstep.Ctx) error {
	var mark string
	if there, err := ctx.Recall("mark", &mark); err != nil || !there {
		return err
	}
	log.Info("taking back %s", mark)
	return files.Remove(mark)
}
