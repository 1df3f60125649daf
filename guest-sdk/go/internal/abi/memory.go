//go:build wasm

package abi

import "unsafe"

// address is where something is, as the host reads it: in a component the two are the same.
func address(at unsafe.Pointer, _ uint32) uint32 { return uint32(uintptr(at)) }

func pointer(address uint32) unsafe.Pointer {
	at := uintptr(address)
	return *(*unsafe.Pointer)(unsafe.Pointer(&at))
}

//go:wasmexport cabi_realloc
func realloc(_ unsafe.Pointer, _, _, size uint32) unsafe.Pointer {
	room := make([]uint64, size/8+1)
	held = append(held, room)
	return unsafe.Pointer(unsafe.SliceData(room))
}
