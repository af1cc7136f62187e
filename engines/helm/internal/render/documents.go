package render

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"akua.dev/engines/wire"
	release "helm.sh/helm/v4/pkg/release/v1"
	"sigs.k8s.io/yaml"
)

// document is one YAML document of the output.
type document struct {
	// source is the file it comes from, as helm prints it after "# Source: ".
	source string
	text   string
	// first is set on the document that helm prints that line before.
	first bool
	// kind is known of manifests.
	kind string
	// identity is known of documents that were scanned.
	identity *wire.Identity
}

func isTest(hook *release.Hook) bool {
	return slices.Contains(hook.Events, release.HookTest)
}

// split splits a file at the lines that begin with "---", as helm does.
func split(source, data string) []document {
	var documents []document
	data = strings.TrimLeftFunc(data, unicode.IsSpace)
	for data != "" {
		if rest, ok := strings.CutPrefix(data, "---"); ok {
			data = strings.TrimLeft(rest, " \t")
		}
		text := data
		if end := strings.Index(data, "\n---"); end >= 0 {
			text, data = data[:end+1], data[end+1:]
		} else {
			data = ""
		}
		if text = strings.TrimLeftFunc(text, unicode.IsSpace); text != "" {
			documents = append(documents, document{source: source, text: text, first: len(documents) == 0})
		}
	}
	return documents
}

// showOnly selects the documents of the templates that the patterns name, in the patterns' order.
func showOnly(documents []document, patterns []string) ([]document, error) {
	var selected []document
	for _, pattern := range patterns {
		missing := true
		for _, document := range documents {
			_, name, _ := strings.Cut(document.source, "/")
			if matched, _ := path.Match(pattern, name); matched && document.first {
				selected = append(selected, document)
				missing = false
			}
		}
		if missing {
			return nil, fmt.Errorf("could not find template %s in chart", pattern)
		}
	}
	return selected, nil
}

// objects identifies the documents and drops the empty ones.
func objects(documents []document) ([]wire.Object, *wire.Failure) {
	objects := make([]wire.Object, 0, len(documents))
	for _, document := range documents {
		text := document.text
		var identity wire.Identity
		ok := document.identity != nil
		if ok {
			identity = *document.identity
		} else {
			identity, ok = wire.ScanHead(text)
		}
		if !ok {
			parsed, err := parseHead(text)
			if err != nil {
				return nil, &wire.Failure{
					Code:    codeOutput,
					Message: fmt.Sprintf("%s: %s", document.source, err),
					Path:    document.source,
				}
			}
			if parsed == nil {
				continue
			}
			identity = *parsed
		}
		identity.Source = document.source
		objects = append(objects, wire.Object{Identity: identity, YAML: text})
	}
	return objects, nil
}

// parseHead reads the identity of a document by parsing it; nil if the document is empty.
func parseHead(text string) (*wire.Identity, error) {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return nil, err
	}
	if value == nil {
		return nil, nil
	}
	mapping, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("expected a mapping, found %T", value)
	}
	if len(mapping) == 0 {
		return nil, nil
	}
	metadata, _ := mapping["metadata"].(map[string]any)
	stringOf := func(from map[string]any, key string) string {
		text, _ := from[key].(string)
		return text
	}
	return &wire.Identity{
		APIVersion:   stringOf(mapping, "apiVersion"),
		Kind:         stringOf(mapping, "kind"),
		Name:         stringOf(metadata, "name"),
		Namespace:    stringOf(metadata, "namespace"),
		GenerateName: stringOf(metadata, "generateName"),
	}, nil
}
