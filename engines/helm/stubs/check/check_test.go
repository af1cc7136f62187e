package check

import (
	"bytes"
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	_ "k8s.io/apimachinery/pkg/util/json"
	_ "k8s.io/apimachinery/pkg/util/version"
	_ "k8s.io/apimachinery/pkg/util/yaml"
	_ "k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/scheme"
)

// TestVersions compares the API versions that templates can ask for.
func TestVersions(t *testing.T) {
	if err := apiextensionsv1beta1.AddToScheme(scheme.Scheme); err != nil {
		t.Fatal(err)
	}
	if err := apiextensionsv1.AddToScheme(scheme.Scheme); err != nil {
		t.Fatal(err)
	}
	var real []string
	for _, version := range scheme.Scheme.PrioritizedVersionsAllGroups() {
		real = append(real, version.String())
	}
	slices.Sort(real)
	stub := []string{"apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"}
	source, err := os.ReadFile("../client-go/kubernetes/scheme/scheme.go")
	if err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(`Group: "([^"]*)", Version: "([^"]*)"`)
	for _, found := range entry.FindAllSubmatch(source, -1) {
		name := string(found[2])
		if len(found[1]) > 0 {
			name = string(found[1]) + "/" + name
		}
		stub = append(stub, name)
	}
	slices.Sort(stub)
	if !slices.Equal(real, stub) {
		t.Errorf("client-go knows\n%q\nthe stub\n%q", real, stub)
	}
}

// TestCopies compares the files that are copied.
func TestCopies(t *testing.T) {
	for _, name := range []string{
		"pkg/util/json/json.go", "pkg/util/version/version.go", "pkg/util/yaml/decoder.go",
		"pkg/util/yaml/stream_reader.go", "pkg/version/types.go",
	} {
		found, err := build.Import("k8s.io/apimachinery/"+filepath.Dir(name), ".", build.FindOnly)
		if err != nil {
			t.Fatal(err)
		}
		real, err := os.ReadFile(filepath.Join(found.Dir, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		copied, err := os.ReadFile(filepath.Join("../apimachinery", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(real, copied) {
			t.Errorf("%s differs from the real one", name)
		}
	}
}
