package render

import (
	"bytes"
	crypto "crypto/rand"
	"encoding/binary"
	"math/rand"
)

// drawing are the template functions that draw from Go's own generator.
var drawing = [][]byte{[]byte("shuffle"), []byte("randInt")}

// seedGenerator gives Go's own generator a seed of this render, if a template may draw from it: the
// snapshot was taken after Go had seeded it, and every render would draw the same. Templates are in
// the chart's files and, for `tpl`, in values. Reading random bytes is reported, so it is not done
// for charts that do not need it.
func seedGenerator(frame []byte) {
	for _, name := range drawing {
		if bytes.Contains(frame, name) {
			var seed [8]byte
			crypto.Read(seed[:])
			//lint:ignore SA1019 the generator of the template functions has no other door
			rand.Seed(int64(binary.LittleEndian.Uint64(seed[:])))
			return
		}
	}
}
