// What `{{name}}` does, step by step. Each step is a function beside its undo.
package main

import (
	"strings"
	"time"

	"lockstep"
	"lockstep/files"
	"lockstep/log"
)

// greeting is where the greeting goes. The grant file `env.toml` says which folder of this machine that is.
const greeting = "/out/greeting.txt"

func init() { lockstep.Register(procedure) }

func main() {}

func procedure(p *lockstep.Procedure) {
	p.Describe("{{name}}", "0.1.0").Title("Leave a greeting and see that it is there")
	p.Parameter("who").Title("Whom to greet").Fallback("world")

	p.Phase("Pre-flight")
	p.Step("look", "No greeting lies there yet, or one of ours", look)
	p.Phase("Greet")
	p.Step("greet", "Write the greeting", greet).Undo(ungreet)
	p.Step("verify", "The greeting can be read", verify).Retry(3, time.Second)
}

func look(*lockstep.Ctx) (any, error) {
	there, err := files.Exists(greeting)
	if err != nil || !there {
		return nil, err
	}
	found, err := files.ReadText(greeting)
	if err != nil {
		return nil, err
	}
	return nil, lockstep.Ensure(strings.HasPrefix(found, "hello"), "%s holds something else: %s", greeting, found)
}

func greet(ctx *lockstep.Ctx) (any, error) {
	who, err := ctx.Parameter("who")
	if err != nil {
		return nil, err
	}
	text := "hello, " + who
	if err := files.WriteText(greeting, text); err != nil {
		return nil, err
	}
	log.Info("wrote %s", greeting)
	return text, nil
}

func ungreet(*lockstep.Ctx) error { return files.Remove(greeting) }

func verify(ctx *lockstep.Ctx) (any, error) {
	var expected string
	if err := ctx.Output("greet", &expected); err != nil {
		return nil, err
	}
	found, err := files.ReadText(greeting)
	if err != nil {
		return nil, err
	}
	return nil, lockstep.Ensure(found == expected, "expected `%s`, found `%s`", expected, found)
}
