package render

import (
	"cmp"
	"math"
	"path"
	"slices"
	"sort"
	"strings"

	"akua.dev/engines/wire"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// hookMark is in every document that is a hook.
const hookMark = "helm.sh/hook"

// ranks are the places of the kinds in helm's install order.
var ranks = func() map[string]int {
	ranks := make(map[string]int, len(releaseutil.InstallOrder))
	for at, kind := range releaseutil.InstallOrder {
		ranks[kind] = at
	}
	return ranks
}()

// sortManifests gives what helm's SortManifests gives for the install order.
//
// Helm parses each document to learn its kind and whether it is a hook, a third of the time of a
// render in wasm. Here only those are parsed (by helm) that the strict scanner does not prove to be
// valid, or that may be hooks.
func sortManifests(files map[string]string) ([]*release.Hook, []document, error) {
	var hooks []*release.Hook
	var manifests []document
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		for _, document := range split(name, files[name]) {
			if identity, ok := wire.ScanStrict(document.text); ok && !strings.Contains(document.text, hookMark) {
				document.identity, document.kind, document.first = &identity, identity.Kind, true
				manifests = append(manifests, document)
				continue
			}
			// One document is one file without a separator: helm finds one hook or one manifest.
			one := map[string]string{name: document.text}
			found, generic, err := releaseutil.SortManifests(one, nil, releaseutil.InstallOrder)
			if err != nil {
				return nil, nil, err
			}
			hooks = append(hooks, found...)
			for _, manifest := range generic {
				document.kind, document.first = manifest.Head.Kind, true
				manifests = append(manifests, document)
			}
		}
	}
	slices.SortStableFunc(hooks, func(a, b *release.Hook) int { return compareKinds(a.Kind, b.Kind) })
	slices.SortStableFunc(manifests, func(a, b document) int { return compareKinds(a.kind, b.kind) })
	return hooks, manifests, nil
}

// compareKinds orders known kinds by rank, and the others behind them by name.
func compareKinds(a, b string) int {
	if order := cmp.Compare(rank(a), rank(b)); order != 0 {
		return order
	}
	if rank(a) == math.MaxInt {
		return strings.Compare(a, b)
	}
	return 0
}

func rank(kind string) int {
	if rank, known := ranks[kind]; known {
		return rank
	}
	return math.MaxInt
}
