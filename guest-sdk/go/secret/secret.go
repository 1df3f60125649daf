// Package secret is secrets by handle: the procedure places a marker, and the host puts the value in its place at the destination.
package secret

import (
	"lockstep"
	"lockstep/internal/abi"
)

// Secret is a secret of this run. It prints, and is written as JSON, as its marker: safe anywhere, of use only where the grant lets it go.
type Secret struct{ id, marker string }

// ByID is the secret that the grant declares under that id, or that a response was captured into.
func ByID(id string) (Secret, error) {
	defer abi.Release()
	var found, known, marker abi.Area
	text, size := abi.Text(id)
	abi.SecretById(text, size, found.At())
	if err := lockstep.Given(&found); err != nil {
		return Secret{}, err
	}
	value := found.Handle(1)
	abi.SecretValueId(value, known.At())
	abi.SecretValueMarker(value, marker.At())
	abi.SecretValueDrop(value)
	return Secret{id: known.Text(0), marker: marker.Text(0)}, nil
}

// ID is the id it has in the grant.
func (s Secret) ID() string { return s.id }

// String is the text that stands for the value in a header, a body, a variable or a standard input.
func (s Secret) String() string { return s.marker }

// MarshalText writes it as that text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.marker), nil }
