package render

import (
	"embed"
	"io/fs"
	"strings"

	"akua.dev/engines/wire"
)

// warmChart is what `helm create` makes, without its comments.
//
//go:embed all:warm
var warmChart embed.FS

// Warm renders a small chart, so that what every render needs is in the snapshot.
func Warm() {
	parts := []wire.Part{{
		Name: "request",
		Data: []byte(`{"release":{"name":"warm","namespace":"default"},"values":{"ingress":{"enabled":true}},"includeCrds":true}`),
	}}
	err := fs.WalkDir(warmChart, "warm", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := warmChart.ReadFile(name)
		parts = append(parts, wire.Part{Name: "chart/" + strings.TrimPrefix(name, "warm/"), Data: data})
		return err
	})
	if err != nil {
		panic(err)
	}
	answer, err := wire.Decode(Frame(wire.Encode(parts)))
	if err != nil || answer[0].Name != "result" {
		panic("the warm chart does not render: " + string(answer[0].Data))
	}
}
