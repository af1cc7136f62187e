package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
)

var byteOrderMark = []byte{0xEF, 0xBB, 0xBF}

// load makes a chart of the files of its directory, as helm's directory loader does.
func load(files []file) (*chart.Chart, error) {
	rules, err := ignoreRules(files)
	if err != nil {
		return nil, err
	}
	// Helm walks the directory: names are ordered within each directory.
	slices.SortFunc(files, func(a, b file) int {
		return slices.Compare(strings.Split(a.name, "/"), strings.Split(b.name, "/"))
	})
	skipped := map[string]bool{}
	remaining := archive.MaxDecompressedChartSize
	buffered := make([]*archive.BufferedFile, 0, len(files))
	for _, file := range files {
		if ignored(rules, file, skipped) {
			continue
		}
		if int64(len(file.data)) > remaining {
			return nil, fmt.Errorf("error reading %s: chart exceeds maximum decompressed size of %d bytes", file.name, archive.MaxDecompressedChartSize)
		}
		remaining -= int64(len(file.data))
		data := bytes.TrimPrefix(file.data, byteOrderMark)
		buffered = append(buffered, &archive.BufferedFile{Name: file.name, Data: data})
	}
	chart, err := loader.LoadFiles(buffered)
	if err != nil {
		return nil, err
	}
	return chart, supported(chart)
}

// supported refuses charts of versions that are not rendered here.
func supported(chart *chart.Chart) error {
	switch chart.Metadata.APIVersion {
	case "v1", "v2":
		return nil
	case "v3":
		return errors.New("charts of apiVersion v3 are experimental in helm and not rendered here")
	default:
		return errors.New("unsupported chart version")
	}
}

// ignoreRules reads .helmignore.
func ignoreRules(files []file) (*ignore.Rules, error) {
	rules := ignore.Empty()
	for _, file := range files {
		if file.name != ignore.HelmIgnore {
			continue
		}
		parsed, err := ignore.Parse(bytes.NewReader(file.data))
		if err != nil {
			return nil, err
		}
		rules = parsed
	}
	rules.AddDefaults()
	return rules, nil
}

// ignored reports whether a file, or a directory above it, is to be left out.
func ignored(rules *ignore.Rules, file file, skipped map[string]bool) bool {
	for at, c := range file.name {
		if c != '/' {
			continue
		}
		directory := file.name[:at]
		skip, known := skipped[directory]
		if !known {
			skip = rules.Ignore(directory, info{path.Base(directory), 0, fs.ModeDir | 0o755})
			skipped[directory] = skip
		}
		if skip {
			return true
		}
	}
	return rules.Ignore(file.name, info{path.Base(file.name), int64(len(file.data)), 0o644})
}

// info describes a file that is in memory.
type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
