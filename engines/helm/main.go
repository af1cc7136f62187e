//go:build wasip1

// The generator of shuffle and randInt can be seeded: internal/render/seed.go.
//go:debug randseednop=0

// Command helm renders charts inside the sandbox: frames in, frames out.
package main

import (
	"runtime"
	"runtime/debug"
	"unsafe"

	"akua.dev/engines/helm/internal/render"
)

// memoryTarget is where the collector begins to work; below it garbage is cheaper than collecting.
const memoryTarget = 96 << 20

// reservedBytes is what a large chart allocates.
const reservedBytes = 24 << 20

// request and answer are kept so that the collector does not take them.
var request, answer []byte

//go:wasmexport alloc
func alloc(size uint32) uint32 {
	request = make([]byte, size)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(request))))
}

//go:wasmexport render
func renderFrame(pointer, length uint32) uint64 {
	if uint32(len(request)) != length || alloced() != pointer {
		return 0
	}
	answer = render.Frame(request)
	start := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(answer))))
	return start<<32 | uint64(len(answer))
}

//go:wasmexport warm
func warm() {
	reserve()
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryTarget)
	render.Warm()
}

// reserve leaves free memory behind for what a render allocates, so that the host can map it in
// large pages: memory that grows bit by bit is mapped in small ones.
func reserve() {
	runtime.KeepAlive(make([]byte, reservedBytes))
	runtime.GC()
}

func alloced() uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(request))))
}

func main() {}
