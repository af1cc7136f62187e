package render

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"akua.dev/engines/wire"
)

func BenchmarkWarm(b *testing.B) {
	for b.Loop() {
		Warm()
	}
}

// BenchmarkChart renders the chart that the variable CHART names.
func BenchmarkChart(b *testing.B) {
	root := os.Getenv("CHART")
	if root == "" {
		b.Skip("CHART is not set")
	}
	parts := []wire.Part{{
		Name: "request",
		Data: []byte(`{"release":{"name":"r","namespace":"n"},"includeCrds":true}`),
	}}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(root + "/" + name)
		parts = append(parts, wire.Part{Name: "chart/" + strings.TrimPrefix(name, "./"), Data: data})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	frame := wire.Encode(parts)
	for b.Loop() {
		Frame(frame)
	}
}
