// Package wire reads and writes the frames between host and engine; the crate akua-wire has the
// same in Rust and says what a frame looks like.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

const (
	magic        = "AKW1"
	maxParts     = 65_536
	maxNameBytes = 4_096
	resultPart   = "result"
	objectPart   = "object"
)

// ErrFrame says that bytes are not a frame.
var ErrFrame = errors.New("malformed frame")

// Part is a part of a frame; its data belong to the frame.
type Part struct {
	Name string
	Data []byte
}

// Decode reads a frame. The parts share the memory of frame.
func Decode(frame []byte) ([]Part, error) {
	if len(frame) < 8 || string(frame[:4]) != magic {
		return nil, ErrFrame
	}
	count := binary.LittleEndian.Uint32(frame[4:])
	rest := frame[8:]
	if count > maxParts || int(count) > len(rest)/8 {
		return nil, ErrFrame
	}
	parts := make([]Part, 0, count)
	for range count {
		if len(rest) < 8 {
			return nil, ErrFrame
		}
		name := uint64(binary.LittleEndian.Uint32(rest))
		data := uint64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		if name > maxNameBytes || name+data > uint64(len(rest)) || !utf8.Valid(rest[:name]) {
			return nil, ErrFrame
		}
		parts = append(parts, Part{Name: string(rest[:name]), Data: rest[name : name+data : name+data]})
		rest = rest[name+data:]
	}
	if len(rest) != 0 {
		return nil, ErrFrame
	}
	return parts, nil
}

// Encode writes a frame.
func Encode(parts []Part) []byte {
	size := 8
	for _, part := range parts {
		size += 8 + len(part.Name) + len(part.Data)
	}
	frame := make([]byte, 0, size)
	frame = append(frame, magic...)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(parts)))
	for _, part := range parts {
		frame = appendPart(frame, part.Name, part.Data)
	}
	return frame
}

// Failure is an error as the host gets it.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	Help    string `json:"help,omitempty"`
}

// Error returns the message.
func (f *Failure) Error() string { return f.Message }

// Fail returns a failure with a code that wraps what err says.
func Fail(code string, err error) *Failure {
	return &Failure{Code: code, Message: err.Error()}
}

// Identity is what the host wants to know of an object without parsing it.
type Identity struct {
	APIVersion   string `json:"apiVersion"`
	Kind         string `json:"kind"`
	Name         string `json:"name,omitempty"`
	Namespace    string `json:"namespace,omitempty"`
	GenerateName string `json:"generateName,omitempty"`
	Source       string `json:"source,omitempty"`
}

// Object is an object with its YAML.
type Object struct {
	Identity
	YAML string
}

// Answer writes the frame of a result, or of the failure if there is one.
func Answer(objects []Object, failure *Failure) []byte {
	if failure != nil {
		return Encode([]Part{{Name: "error", Data: mustJSON(failure)}})
	}
	identities := make([]Identity, 0, len(objects))
	size := 8
	for _, object := range objects {
		identities = append(identities, object.Identity)
		size += 8 + len(objectPart) + len(object.YAML)
	}
	result := mustJSON(map[string]any{"objects": identities})
	frame := make([]byte, 0, size+8+len(resultPart)+len(result))
	frame = append(frame, magic...)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(objects)+1))
	frame = appendPart(frame, resultPart, result)
	for _, object := range objects {
		frame = appendPart(frame, objectPart, object.YAML)
	}
	return frame
}

// appendPart appends a part to a frame; the data of a string need no copy in between.
func appendPart[T []byte | string](frame []byte, name string, data T) []byte {
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(name)))
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(data)))
	frame = append(frame, name...)
	return append(frame, data...)
}

// mustJSON writes a value that is made of strings only.
func mustJSON(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}
