package lockstep

import (
	"fmt"

	"lockstep/internal/abi"
)

// Probe is a read, and what its answer says about the call that it is attached to: it happened, it did not, or neither. The grant must allow it, as a
// read. Made by http.Probe, shell.Probe, files.Probe and the AsProbe of requests and commands.
type Probe struct {
	// By a function, so that a component imports the interfaces of the probes that it makes and no others: the imports are its manifest.
	read func() int32
	says []func(int32)
}

// ProbeOf is a probe that asks something. For the packages of this module.
func ProbeOf(read func() int32) *Probe { return &Probe{read: read} }

// Status is a status with which it may have happened.
func (p *Probe) Status(status int) *Probe { return p.Happened(int32(status)) }

// Happened is a status or an exit code with which it may have happened.
func (p *Probe) Happened(code int32) *Probe {
	return p.say(func(probe int32) { abi.TypesProbeHappened(probe, code) })
}

// DidNot is a status or an exit code that says that it did not happen. Not one of a far side that may still be at work on it.
func (p *Probe) DidNot(code int32) *Probe {
	return p.say(func(probe int32) { abi.TypesProbeDidNot(probe, code) })
}

// JSON is what the body or the output must have as well: at this JSON pointer this string, number or flag.
func (p *Probe) JSON(pointer string, value any) *Probe {
	text := fmt.Sprint(value)
	return p.say(func(probe int32) {
		at, size := abi.Text(pointer)
		wanted, wantedSize := abi.Text(text)
		abi.TypesProbeJson(probe, at, size, wanted, wantedSize)
	})
}

// Text is a text that the body or the output must contain as well.
func (p *Probe) Text(text string) *Probe {
	return p.say(func(probe int32) {
		wanted, size := abi.Text(text)
		abi.TypesProbeText(probe, wanted, size)
	})
}

// OtherwiseDidNot says that an answer that has the right code and lacks the rest means that it did not happen; of a file, any other digest.
func (p *Probe) OtherwiseDidNot() *Probe { return p.say(abi.TypesProbeOtherwiseDidNot) }

func (p *Probe) say(says func(int32)) *Probe {
	p.says = append(p.says, says)
	return p
}

// Attach gives the probe, in the host's words, to a call. For the packages of this module.
func (p *Probe) Attach(to func(int32)) {
	probe := p.read()
	for _, says := range p.says {
		says(probe)
	}
	to(probe)
	abi.TypesProbeDrop(probe)
}
