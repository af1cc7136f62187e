package wire

import (
	"bytes"
	"testing"
)

func TestFrames(t *testing.T) {
	frame := Encode([]Part{{"request", []byte("{}")}, {"chart/a", []byte{0, 255}}})
	parts, err := Decode(frame)
	if err != nil || len(parts) != 2 || parts[1].Name != "chart/a" || !bytes.Equal(parts[1].Data, []byte{0, 255}) {
		t.Fatalf("%v %v", parts, err)
	}
	for end := range frame {
		if _, err := Decode(frame[:end]); err == nil {
			t.Errorf("a frame cut at %d is accepted", end)
		}
	}
	if _, err := Decode(append(frame, 0)); err == nil {
		t.Error("trailing bytes are accepted")
	}
	if _, err := Decode([]byte("AKW1\xff\xff\xff\xff")); err == nil {
		t.Error("a huge count is accepted")
	}
}

func TestScanHead(t *testing.T) {
	simple := "# c\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a-b\n  labels:\n    name: x\n  namespace: \"n\"\nspec:\n  kind: Y\n"
	id, ok := ScanHead(simple)
	want := Identity{APIVersion: "apps/v1", Kind: "Deployment", Name: "a-b", Namespace: "n"}
	if !ok || id != want {
		t.Fatalf("%v %+v", ok, id)
	}
	base := "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n"
	for name, document := range map[string]string{
		"repeated":        base + "kind: B\n",
		"quoted key":      base + "\"kind\": B\n",
		"flow":            "{apiVersion: v1, kind: A, metadata: {name: a}}",
		"anchor":          "apiVersion: v1\nkind: &a A\nmetadata:\n  name: a\n",
		"open quote":      base + "x: \"\nkind: B\n\"\n",
		"open in child":   "apiVersion: v1\nkind: A\nmetadata:\n  annotations:\n    a: \"\n  namespace: kube-system\n    \"\n  name: a\n",
		"number":          "apiVersion: v1\nkind: A\nmetadata:\n  name: 12\n",
		"boolean":         "apiVersion: v1\nkind: A\nmetadata:\n  name: yes\n",
		"merge":           base + "<<: *x\n",
		"indented":        "  apiVersion: v1\n  kind: A\n",
		"no metadata":     "apiVersion: v1\nkind: A\n",
		"metadata scalar": "apiVersion: v1\nkind: A\nmetadata: x\n",
		"tab":             "apiVersion: v1\nkind:\tA\nmetadata:\n  name: a\n",
		"colon in value":  "apiVersion: v1\nkind: A\nmetadata:\n  name: a:b\n",
	} {
		if id, ok := ScanHead(document); ok {
			t.Errorf("%s: read as %+v", name, id)
		}
	}
}
