// Package random is randomness as a journaled value: a replay draws the same. Not for keys, since the journal can be read.
package random

import "lockstep/internal/abi"

// atOnce is the most that one call of the contract gives.
const atOnce = 4096

// Bytes draws so many bytes.
func Bytes(count int) []byte {
	defer abi.Release()
	drawn := make([]byte, 0, count)
	for len(drawn) < count {
		var part abi.Area
		abi.RandomBytes(int32(min(count-len(drawn), atOnce)), part.At())
		drawn = append(drawn, part.Bytes(0)...)
	}
	return drawn
}

// UUID draws a version 4 UUID.
func UUID() string {
	defer abi.Release()
	var uuid abi.Area
	abi.RandomUuid(uuid.At())
	return uuid.Text(0)
}
