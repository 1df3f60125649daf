// Two things that must not be done twice, each with a probe that says whether it happened.
package main

import (
	"lockstep"
	"lockstep/http"
	"lockstep/log"
	"lockstep/shell"
)

func init() { lockstep.Register(once) }

func main() {}

func once(p *lockstep.Procedure) {
	p.Describe("once", "0.1.0").Title("Pay an invoice and write that it is paid, once each")
	p.Parameter("bank").Title("Where payments are made")
	p.Parameter("mail").Title("The program that sends letters")
	p.Step("pay", "The invoice is paid", pay).Irreversible()
	p.Step("write", "The supplier has a letter", write).Irreversible()
}

// The bank keeps a payment under the key that the host sends with it.
func pay(ctx *lockstep.Ctx) (any, error) {
	bank, err := ctx.Parameter("bank")
	if err != nil {
		return nil, err
	}
	payments := bank + "/payments"
	booked := http.Probe(payments+"/"+ctx.IdempotencyKey()).Happened(200).JSON("/state", "booked").DidNot(404)
	receipt, err := http.Post(payments).JSON(map[string]int{"invoice": 4711}).Probe(booked).Send()
	if err != nil {
		return nil, err
	}
	if err := receipt.ExpectJSON("/state", "booked"); err != nil {
		return nil, err
	}
	var state string
	if err := receipt.JSONPath("/state", &state); err != nil {
		return nil, err
	}
	log.Info("paid: %s", state)
	return nil, nil
}

func write(ctx *lockstep.Ctx) (any, error) {
	mail, err := ctx.Parameter("mail")
	if err != nil {
		return nil, err
	}
	sent := shell.Probe(mail, "sent").Happened(0).DidNot(3)
	exit, err := shell.Command(mail, "send").Probe(sent).Run()
	if err != nil {
		return nil, err
	}
	return nil, exit.ExpectSuccess()
}
