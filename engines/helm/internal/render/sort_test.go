package render

import (
	"testing"

	"akua.dev/engines/wire"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/yaml"
)

// seeds are documents that are near what the strict scanner accepts.
var seeds = []string{
	"apiVersion: v1\nkind: A\nmetadata:\n  name: a\n",
	"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a-b\n  labels:\n    app.kubernetes.io/name: x\n  annotations:\n    a/b: \"1\"\nspec:\n  containers:\n  - name: a\n    args:\n      - --x=y\n      - -c\n      - |\n        echo a: b\n\n        exit\n    ports: []\n    env: {}\n  - name: b\n    image: \"x:1\"\n",
	"apiVersion: v1\nkind: Z\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n---\n# nothing\n---\napiVersion: v1\nkind: B\nmetadata:\n  name: 1\n",
	"apiVersion: v1\nkind: Pod\nmetadata:\n  name: h\n  annotations:\n    helm.sh/hook: pre-install, test\n    helm.sh/hook-weight: \"5\"\n",
	"apiVersion: v1\nkind: A\ndata:\n  a: |-\n    x\n  b: >\n    y\n\n   z\n  c: 'q'\n  d: \"q\"\n  e: a#b\n  f: 1e3\n  g: 2001-01-01\n  h: -1\n  i: .nan\n",
	"apiVersion: v1\nkind: A\nspec:\n- a\n- b: c\n  d: e\n-\n  f: g\n- - h\n",
	"a:\n- b\n c: d\n", "a: b: c\n", "a: b\n  c\n", "a:\n    b: c\n  d: e\n", "a: 'b'c\n", "a: |\n b\nc\n", "a: ~\nb: {\n",
	"kind: A\napiVersion: v1\nmetadata: {}\n", "kind:\n  a: b\napiVersion: v1\n", "kind: A\napiVersion: v1\nmetadata:\n- a\n",
	"kind: A\napiVersion: v1\nmetadata:\n  annotations:\n    a:\n      b: c\n", "kind: A\napiVersion: v1\nmetadata:\n  annotations: a\n",
	"kind: A\napiVersion: v1\nmetadata:\n  annotations:\n    a: {}\n", "kind: A\nkind: B\napiVersion: v1\n",
	"kind: A\napiVersion: v1\nx: 0x1F\ny: 1_000\nz: 0o7\nt: true\n1: 2\n", "kind: A\napiVersion: v1\na: b # c\n", "kind: A\napiVersion: v1\na: \"b\" c\n",
	"kind: A\napiVersion: v1\na: |\n\n   \n  b\n", "kind: A\napiVersion: v1\na:\n# c\n  b: c\n # d\n", "kind: A\napiVersion: v1\na: |\n  b\n # c\n  d\n",
}

// FuzzSort compares the sorting with helm's, and identities with a parser.
func FuzzSort(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := map[string]string{"c/templates/a.yaml": text, "c/templates/b.yaml": seeds[1]}
		hooks, manifests, err := sortManifests(files)
		wantHooks, want, wantErr := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, helm says %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if len(hooks) != len(wantHooks) || len(manifests) != len(want) {
			t.Fatalf("%d hooks, %d manifests; helm has %d and %d", len(hooks), len(manifests), len(wantHooks), len(want))
		}
		for at, hook := range wantHooks {
			if hooks[at].Manifest != hook.Manifest || hooks[at].Path != hook.Path {
				t.Fatalf("hook %d differs", at)
			}
		}
		for at, manifest := range want {
			if manifests[at].text != manifest.Content || manifests[at].source != manifest.Name {
				t.Fatalf("manifest %d: %q, helm has %q", at, manifests[at].text, manifest.Content)
			}
			if identity := manifests[at].identity; identity != nil {
				compare(t, manifests[at].text, *identity)
			}
		}
	})
}

// FuzzHead compares the scanners with a parser.
func FuzzHead(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, one := range split("a", text) {
			if identity, ok := wire.ScanStrict(one.text); ok {
				compare(t, one.text, identity)
			}
			// The lenient scanner does not promise that the document is valid.
			identity, ok := wire.ScanHead(one.text)
			if parsed, err := parseHead(one.text); ok && err == nil && parsed != nil && parsed.Kind != "" && *parsed != identity {
				t.Fatalf("%q: scanned %+v, parsed %+v", one.text, identity, *parsed)
			}
		}
	})
}

// compare parses a document that was scanned.
func compare(t *testing.T, text string, identity wire.Identity) {
	t.Helper()
	parsed, err := parseHead(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if parsed == nil || *parsed != identity {
		t.Fatalf("%q: scanned %+v, parsed %+v", text, identity, parsed)
	}
	if _, err := yaml.YAMLToJSON([]byte(text)); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
}
