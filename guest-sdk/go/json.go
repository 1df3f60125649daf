package lockstep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// shownMost is how much of a found text a message shows, in characters: enough to recognise a page, too little to fill a terminal.
const shownMost = 300

// unescaped undoes the escapes of two characters that JSON lets stand, and encoding/json does not. An escaped backslash before a `u` is none of them.
var unescaped = strings.NewReplacer(`\\`, `\\`, `\u2028`, "\u2028", `\u2029`, "\u2029")

// JSON is a value as JSON text, without the escapes that only web pages need.
func JSON(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", Fail("writing JSON: %v", err)
	}
	return unescaped.Replace(strings.TrimSuffix(text.String(), "\n")), nil
}

// ReadJSON reads text, which came from origin, into a variable.
func ReadJSON(origin string, text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return Failing("%s: expected JSON, found %s (%v)", origin, Shown(string(text)), err)
	}
	return nil
}

// JSONPath reads the value at a JSON pointer, `/items/0/name` for example, into a variable.
func JSONPath(origin string, text []byte, pointer string, into any) error {
	found, err := at(origin, text, pointer)
	if err != nil {
		return err
	}
	written, err := JSON(found)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(written), into); err != nil {
		return Failing("%s: %s is %s: %v", origin, pointer, Shown(written), err)
	}
	return nil
}

// ExpectJSON fails unless the value at a JSON pointer is that one.
func ExpectJSON(origin string, text []byte, pointer string, expected any) error {
	found, err := at(origin, text, pointer)
	if err != nil {
		return err
	}
	wanted, err := JSON(expected)
	if err != nil {
		return err
	}
	same, err := exact([]byte(wanted))
	if err != nil {
		return Fail("%v", err)
	}
	if reflect.DeepEqual(found, same) {
		return nil
	}
	written, err := JSON(found)
	if err != nil {
		return err
	}
	return Failing("%s: expected %s to be %s, found %s", origin, pointer, wanted, Shown(written))
}

func at(origin string, text []byte, pointer string) (any, error) {
	if pointer != "" && !strings.HasPrefix(pointer, "/") {
		return nil, Fail("%q is not a JSON pointer: it must begin with `/`, as in \"/items/0/name\"", pointer)
	}
	found, err := exact(text)
	if err != nil {
		return nil, Failing("%s: expected JSON, found %s (%v)", origin, Shown(string(text)), err)
	}
	for _, part := range strings.Split(pointer, "/")[1:] {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		var there bool
		switch value := found.(type) {
		case map[string]any:
			found, there = value[part]
		case []any:
			index, err := strconv.Atoi(part)
			there = err == nil && index >= 0 && index < len(value)
			if there {
				found = value[index]
			}
		}
		if !there {
			return nil, Failing("%s: expected something at %s, found none in %s", origin, pointer, Shown(string(text)))
		}
	}
	return found, nil
}

// exact reads JSON as encoding/json does, but that whole numbers are int64 and not rounded.
func exact(text []byte) (any, error) {
	var read any
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&read); err != nil {
		return nil, err
	}
	return numbers(read), nil
}

func numbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		// As written, when it is none that a float64 holds.
		if float, err := value.Float64(); err == nil {
			return float
		}
	case map[string]any:
		for key, member := range value {
			value[key] = numbers(member)
		}
	case []any:
		for at, member := range value {
			value[at] = numbers(member)
		}
	}
	return value
}

// Shown is text cut to what a message can carry.
func Shown(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return "nothing"
	}
	characters := 0
	for end := range text {
		if characters == shownMost {
			return fmt.Sprintf("%s… (%d bytes in all)", text[:end], len(text))
		}
		characters++
	}
	return text
}
