// Package abi is how values cross between host and guest: the canonical ABI of the component model. The declarations of what crosses, contract.go, are
// made of the contract by `lockstep build`. Elsewhere than in a component they are variables, which a test can put a host into.
package abi

import (
	"runtime"
	"time"
	"unsafe"
)

// Area is where the host writes what a call gives: words of memory, zeroed. Of a result the first byte says whether it is a failure.
type Area [8]uint32

// At is the area as a call takes it.
func (a *Area) At() unsafe.Pointer { return unsafe.Pointer(a) }

// Failed says whether a result is a failure.
func (a *Area) Failed() bool { return a[0]&0xff != 0 }

// Some says whether an option that begins at a word is there.
func (a *Area) Some(word int) bool { return a[word]&0xff != 0 }

// Handle is the resource whose handle is in a word.
func (a *Area) Handle(word int) int32 { return int32(a[word]) }

// Text is a copy of the text that begins at a word.
func (a *Area) Text(word int) string { return string(a.view(word)) }

// Bytes is a copy of the bytes that begin at a word.
func (a *Area) Bytes(word int) []byte { return append([]byte{}, a.view(word)...) }

// Texts are copies of the texts of the list that begins at a word.
func (a *Area) Texts(word int) []string {
	texts := make([]string, 0, a[word+1])
	for at := uint32(0); at < a[word+1]; at++ {
		texts = append(texts, Read(a[word]+8*at))
	}
	return texts
}

// Pairs are copies of the keys and values of the list that begins at a word.
func (a *Area) Pairs(word int) [][2]string {
	pairs := make([][2]string, 0, a[word+1])
	for at := uint32(0); at < a[word+1]; at++ {
		pairs = append(pairs, [2]string{Read(a[word] + 16*at), Read(a[word] + 16*at + 8)})
	}
	return pairs
}

// Put writes a text's address and length from a word on. The text is to be kept alive until it has been read.
func (a *Area) Put(word int, text string) {
	at, size := Text(text)
	a[word], a[word+1] = address(at, size), size
}

func (a *Area) view(word int) []byte { return unsafe.Slice((*byte)(pointer(a[word])), a[word+1]) }

// Read is a copy of the text whose address and length are at an address.
func Read(address uint32) string {
	words := (*[2]uint32)(pointer(address))
	return string(unsafe.Slice((*byte)(pointer(words[0])), words[1]))
}

// Text is a text as a call takes it.
func Text(text string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))
}

// Bytes are bytes as a call takes them.
func Bytes(bytes []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(bytes)), uint32(len(bytes))
}

// List is a list of texts as a call takes it. It is to be kept alive until the call is over.
type List struct {
	words []uint32
	texts []string
}

// Texts makes a list of texts.
func Texts(texts ...string) *List {
	list := &List{words: make([]uint32, 0, 2*len(texts)+1), texts: texts}
	for _, text := range texts {
		at, size := Text(text)
		list.words = append(list.words, address(at, size), size)
	}
	return list
}

// At is where it begins and how many there are.
func (l *List) At() (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(l.words[:cap(l.words)])), uint32(len(l.texts))
}

// Keep keeps it alive until here.
func (l *List) Keep() { runtime.KeepAlive(l.texts) }

// Flag is a truth value as a call takes it.
func Flag(holds bool) int32 {
	if holds {
		return 1
	}
	return 0
}

// Milliseconds are a time as the contract takes it. What does not fit is more than any limit there.
func Milliseconds(duration time.Duration) int32 { return whole(duration.Milliseconds()) }

// Seconds are a time as the contract takes it, rounded up: half a second must not become none.
func Seconds(duration time.Duration) int32 {
	return whole(int64((duration + time.Second - 1) / time.Second))
}

func whole(count int64) int32 {
	return int32(uint32(min(max(count, 0), 1<<32-1)))
}

// held keeps what the host was given room for until it has been copied.
var held [][]uint64

// Release lets go of what the host wrote. Everything of use has been copied by then.
func Release() { held = held[:0] }
