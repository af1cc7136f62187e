// Package render does what `helm template` does, with files in memory.
package render

import (
	"encoding/json"
	"errors"
	"strings"

	"akua.dev/engines/wire"
)

// Codes of failures.
const (
	codeRequest    = "E_HELM_REQUEST"
	codeChart      = "E_HELM_CHART"
	codeDependency = "E_HELM_DEPENDENCY"
	codeValues     = "E_HELM_VALUES"
	codeTemplate   = "E_HELM_TEMPLATE"
	codeOutput     = "E_HELM_OUTPUT"
)

// request says what to render; the names are those of helm's flags.
type request struct {
	Release struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		IsUpgrade bool   `json:"isUpgrade"`
		Revision  int    `json:"revision"`
	} `json:"release"`
	Values      map[string]any `json:"values"`
	KubeVersion string         `json:"kubeVersion"`
	APIVersions []string       `json:"apiVersions"`
	IncludeCRDs bool           `json:"includeCrds"`
	NoHooks     bool           `json:"noHooks"`
	SkipTests   bool           `json:"skipTests"`
	ShowOnly    []string       `json:"showOnly"`
}

// file is a file of the chart's directory.
type file struct {
	name string
	data []byte
}

// parse splits a frame into what to render and the files of the chart.
func parse(frame []byte) (*request, []file, error) {
	parts, err := wire.Decode(frame)
	if err != nil {
		return nil, nil, err
	}
	var parsed *request
	files := make([]file, 0, len(parts))
	for _, part := range parts {
		if name, ok := strings.CutPrefix(part.Name, "chart/"); ok {
			files = append(files, file{name, part.Data})
			continue
		}
		if part.Name != "request" || parsed != nil {
			return nil, nil, errors.New("unexpected part `" + part.Name + "`")
		}
		// Numbers become float64, as they do when helm reads a values file.
		if err := json.Unmarshal(part.Data, &parsed); err != nil {
			return nil, nil, err
		}
	}
	if parsed == nil {
		return nil, nil, errors.New("the frame has no part `request`")
	}
	if parsed.Release.Revision == 0 {
		parsed.Release.Revision = 1
	}
	if parsed.Values == nil {
		parsed.Values = map[string]any{}
	}
	return parsed, files, nil
}
