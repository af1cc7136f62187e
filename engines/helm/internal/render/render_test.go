package render

import (
	"encoding/json"
	"strings"
	"testing"

	"akua.dev/engines/wire"
)

// files of a chart by name.
type tree map[string]string

const (
	chartYAML = "apiVersion: v2\nname: web\nversion: 1.2.3\n"
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  a: {{ .Values.a | quote }}\n"
)

// render answers a request; extra is put into its JSON.
func render(t *testing.T, files tree, extra string) ([]wire.Object, *wire.Failure) {
	t.Helper()
	request := `{"release":{"name":"r","namespace":"n"}` + extra + `}`
	parts := []wire.Part{{Name: "request", Data: []byte(request)}}
	for name, text := range files {
		parts = append(parts, wire.Part{Name: "chart/" + name, Data: []byte(text)})
	}
	answer, err := wire.Decode(Frame(wire.Encode(parts)))
	if err != nil {
		t.Fatal(err)
	}
	if answer[0].Name == "error" {
		failure := new(wire.Failure)
		if err := json.Unmarshal(answer[0].Data, failure); err != nil {
			t.Fatal(err)
		}
		return nil, failure
	}
	var head struct {
		Objects []wire.Object `json:"objects"`
	}
	if err := json.Unmarshal(answer[0].Data, &head); err != nil {
		t.Fatal(err)
	}
	for at := range head.Objects {
		head.Objects[at].YAML = string(answer[at+1].Data)
	}
	return head.Objects, nil
}

// check compares "kind/name" of the objects, or the code of the failure and a part of its message.
func check(t *testing.T, files tree, extra string, expected ...string) []wire.Object {
	t.Helper()
	objects, failure := render(t, files, extra)
	if failure != nil {
		if len(expected) != 2 || failure.Code != expected[0] || !strings.Contains(failure.Message, expected[1]) {
			t.Errorf("%s: %s (%s); expected %q", failure.Code, failure.Message, failure.Path, expected)
		}
		return nil
	}
	var found []string
	for _, object := range objects {
		found = append(found, object.Kind+"/"+object.Name)
	}
	if strings.Join(found, " ") != strings.Join(expected, " ") {
		t.Errorf("found %q, expected %q", found, expected)
	}
	return objects
}

func TestWarm(t *testing.T) { Warm() }

func TestValues(t *testing.T) {
	chart := tree{"Chart.yaml": chartYAML, "values.yaml": "a: b\nc: {d: e}\n", "templates/a.yaml": configMap}
	objects := check(t, chart, "", "ConfigMap/r")
	if text := objects[0].YAML; !strings.Contains(text, `a: "b"`) {
		t.Error(text)
	}
	objects = check(t, chart, `,"values":{"a":1000000}`, "ConfigMap/r")
	// helm reads numbers of a values file as float64, too.
	if text := objects[0].YAML; !strings.Contains(text, `a: "1e+06"`) {
		t.Error(text)
	}
	objects = check(t, chart, `,"values":{"a":null}`, "ConfigMap/r")
	if text := objects[0].YAML; !strings.Contains(text, "a: \n") && !strings.HasSuffix(text, "a: ") {
		t.Errorf("%q", text)
	}
}

func TestOrder(t *testing.T) {
	chart := tree{
		"Chart.yaml": chartYAML,
		"crds/c.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: c\n---\n# none\n---\n" +
			"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: d\n",
		"templates/NOTES.txt": "notes",
		"templates/a.yaml":    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n",
		"templates/hook.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: h\n  annotations:\n    helm.sh/hook: post-install\n",
		"templates/test.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: t\n  annotations:\n    \"helm.sh/hook\": test\n",
		"templates/none.yaml": "{{ if .Values.x }}a: b{{ end }}\n# comment\n",
	}
	check(t, chart, "", "Service/s", "Deployment/d", "Pod/h", "Pod/t")
	check(t, chart, `,"includeCrds":true,"noHooks":true`,
		"CustomResourceDefinition/c", "CustomResourceDefinition/d", "Service/s", "Deployment/d")
	check(t, chart, `,"skipTests":true`, "Service/s", "Deployment/d", "Pod/h")
	check(t, chart, `,"showOnly":["templates/a.yaml"]`, "Service/s", "Deployment/d")
	check(t, chart, `,"showOnly":["templates/b.yaml"]`, codeRequest, "could not find template templates/b.yaml in chart")
}

func TestSubcharts(t *testing.T) {
	chart := tree{
		"Chart.yaml":                  chartYAML + "dependencies:\n- {name: sub, version: 1.0.0, repository: \"\", condition: sub.enabled}\n",
		"charts/sub/Chart.yaml":       "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"charts/sub/values.yaml":      "a: x\n",
		"charts/sub/templates/b.yaml": strings.Replace(configMap, "{{ .Release.Name }}", "sub", 1),
	}
	check(t, chart, "", "ConfigMap/sub")
	check(t, chart, `,"values":{"sub":{"enabled":false}}`)
	delete(chart, "charts/sub/Chart.yaml")
	delete(chart, "charts/sub/values.yaml")
	delete(chart, "charts/sub/templates/b.yaml")
	check(t, chart, "", codeDependency, "missing in charts/ directory: sub")
}

func TestCapabilities(t *testing.T) {
	chart := tree{"Chart.yaml": chartYAML, "templates/a.yaml": strings.Replace(configMap, "{{ .Values.a | quote }}",
		`"{{ .Capabilities.KubeVersion.Minor }} {{ .Capabilities.APIVersions.Has "apps/v1" }} {{ .Capabilities.APIVersions.Has "x.y/v1" }} {{ lookup "v1" "Pod" "" "" }}"`, 1)}
	objects := check(t, chart, `,"kubeVersion":"1.31.2","apiVersions":["x.y/v1"]`, "ConfigMap/r")
	if text := objects[0].YAML; !strings.Contains(text, `a: "31 true true map[]"`) {
		t.Error(text)
	}
	chart["Chart.yaml"] += "kubeVersion: \">=1.99\"\n"
	check(t, chart, "", codeChart, "which is incompatible with Kubernetes")
	check(t, chart, `,"kubeVersion":"x"`, codeRequest, "invalid kube version 'x'")
}

func TestRefusals(t *testing.T) {
	template := func(text string) tree {
		return tree{"Chart.yaml": chartYAML, "templates/a.yaml": text}
	}
	check(t, tree{}, "", codeChart, "Chart.yaml file is missing")
	check(t, tree{"Chart.yaml": "a: ["}, "", codeChart, "cannot load Chart.yaml")
	check(t, tree{"Chart.yaml": chartYAML + "type: library\n"}, "", codeChart, "library charts are not installable")
	check(t, tree{"Chart.yaml": "apiVersion: v3\nname: a\nversion: 1.0.0\n"}, "", codeChart, "v3")
	check(t, template("{{ fail \"no\" }}"), "", codeTemplate, "no")
	check(t, template("{{ required \"want x\" .Values.x }}"), "", codeTemplate, "want x")
	check(t, template("{{ include \"a\" . }}"), "", codeTemplate, "no template")
	check(t, template("{{"), "", codeTemplate, "parse error")
	check(t, template("{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}"), "", codeTemplate, "nested reference")
	check(t, template("a: b: c"), "", codeOutput, "YAML parse error on web/templates/a.yaml")
	check(t, template("- a\n"), "", codeOutput, "cannot unmarshal array")
	_, failure := render(t, template("{{ fail \"no\" }}"), "")
	if failure.Path != "templates/a.yaml" {
		t.Errorf("path %q", failure.Path)
	}
	if answer, err := wire.Decode(Frame([]byte("x"))); err != nil || answer[0].Name != "error" {
		t.Error("a broken frame is not refused")
	}
}

func TestSchema(t *testing.T) {
	chart := tree{"Chart.yaml": chartYAML, "values.yaml": "a: 1\n", "values.schema.json": `{"properties":{"a":{"type":"integer"}}}`}
	check(t, chart, "")
	check(t, chart, `,"values":{"a":"x"}`, codeValues, "got string, want integer")
}

func TestIgnore(t *testing.T) {
	chart := tree{
		"Chart.yaml": chartYAML, ".helmignore": "*.bak\nskipped/\n",
		"templates/a.yaml": configMap, "templates/b.yaml.bak": "{{", "templates/skipped/c.yaml": "{{",
	}
	check(t, chart, `,"values":{"a":1}`, "ConfigMap/r")
}

// TestBrokenDefinitions: helm prints the files of crds/ as they are; here a file is refused only if
// nobody could tell what object it is.
func TestBrokenDefinitions(t *testing.T) {
	definition := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: c\n"
	chart := tree{"Chart.yaml": chartYAML, "crds/c.yaml": definition + "spec:\n  a: b: c\n"}
	objects := check(t, chart, `,"includeCrds":true`, "CustomResourceDefinition/c")
	if text := objects[0].YAML; text != chart["crds/c.yaml"] {
		t.Errorf("%q", text)
	}
	chart["crds/c.yaml"] = "{apiVersion: v1, kind: [\n"
	check(t, chart, `,"includeCrds":true`, codeOutput, "crds/c.yaml")
	check(t, chart, "")
}
