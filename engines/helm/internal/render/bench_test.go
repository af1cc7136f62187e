package render

import "testing"

func BenchmarkWarm(b *testing.B) {
	for b.Loop() {
		Warm()
	}
}
