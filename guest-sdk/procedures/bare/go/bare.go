// A procedure without the SDK: what crosses between host and guest, declared by hand, and Go's library on the host's virtual WASI.
//
// fmt.Println is a log line here. Time and randomness are asked of the contract: the library's own are the same every time.
package main

import (
	"fmt"
	"unsafe"
)

//go:wasmimport lockstep:contract/plan@0.1.0 [constructor]description
func newDescription(id unsafe.Pointer, idSize uint32, version unsafe.Pointer, versionSize uint32) int32

//go:wasmimport lockstep:contract/plan@0.1.0 [method]description.title
func descriptionTitle(description int32, text unsafe.Pointer, size uint32)

//go:wasmimport lockstep:contract/plan@0.1.0 [constructor]parameter
func newParameter(id unsafe.Pointer, size uint32) int32

//go:wasmimport lockstep:contract/plan@0.1.0 [method]parameter.fallback
func parameterFallback(parameter int32, value unsafe.Pointer, size uint32)

//go:wasmimport lockstep:contract/plan@0.1.0 [constructor]step
func newStep(id unsafe.Pointer, idSize uint32, title unsafe.Pointer, titleSize uint32) int32

//go:wasmimport lockstep:contract/run@0.1.0 parameter
func runParameter(id unsafe.Pointer, size uint32, given unsafe.Pointer)

//go:wasmimport lockstep:contract/clock@0.1.0 now
func clockNow(given unsafe.Pointer)

//go:wasmimport lockstep:contract/random@0.1.0 bytes
func randomBytes(count int32, given unsafe.Pointer)

func text(text string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))
}

// room keeps what the host was given room for. An instance lives for one call, so that nothing is given back.
var room [][]uint64

//go:wasmexport cabi_realloc
func realloc(_ unsafe.Pointer, _, _, size uint32) unsafe.Pointer {
	made := make([]uint64, size/8+1)
	room = append(room, made)
	return unsafe.Pointer(unsafe.SliceData(made))
}

// read is what lies at an address, as the host says it.
func read(address, size uint32) []byte {
	at := uintptr(address)
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), size)
}

// given is result<option<string>, failure> as far as a success goes: no error, then whether there is a text, its address and its size.
var (
	given  [8]uint32
	output string
)

//go:wasmexport lockstep:contract/procedure@0.1.0#describe
func describe() {
	id, idSize := text("bare")
	version, versionSize := text("0.1.0")
	title, titleSize := text("Greet without an SDK")
	descriptionTitle(newDescription(id, idSize, version, versionSize), title, titleSize)
	who, whoSize := text("who")
	world, worldSize := text("world")
	parameterFallback(newParameter(who, whoSize), world, worldSize)
}

//go:wasmexport lockstep:contract/procedure@0.1.0#plan
func plan() unsafe.Pointer {
	id, idSize := text("greet")
	title, titleSize := text("Greet them")
	newStep(id, idSize, title, titleSize)
	return unsafe.Pointer(&given)
}

//go:wasmexport lockstep:contract/procedure@0.1.0#run-step
func runStep(unsafe.Pointer, uint32) unsafe.Pointer {
	var parameter [3]uint32
	id, size := text("who")
	runParameter(id, size, unsafe.Pointer(&parameter))
	fmt.Printf("hello, %s\n", read(parameter[1], parameter[2]))
	var now, dice [2]uint32
	clockNow(unsafe.Pointer(&now))
	year := read(now[0], now[1])[:len("2026")]
	randomBytes(8, unsafe.Pointer(&dice))
	output = fmt.Sprintf(`{"year":%s,"dice":"%x"}`, year, read(dice[0], dice[1]))
	address, length := text(output)
	given[1], given[2], given[3] = 1, uint32(uintptr(address)), length
	return unsafe.Pointer(&given)
}

//go:wasmexport lockstep:contract/procedure@0.1.0#undo-step
func undoStep(unsafe.Pointer, uint32) unsafe.Pointer {
	return unsafe.Pointer(&given)
}

func main() {}
