package build

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"akua.dev/engines/wire"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kustomization is what of a kustomization file may reach outside.
type kustomization struct {
	Resources       []string          `json:"resources"`
	Bases           []string          `json:"bases"`
	Components      []string          `json:"components"`
	Crds            []string          `json:"crds"`
	Configurations  []string          `json:"configurations"`
	Generators      []string          `json:"generators"`
	Transformers    []string          `json:"transformers"`
	Validators      []string          `json:"validators"`
	OpenAPI         map[string]string `json:"openapi"`
	HelmCharts      []any             `json:"helmCharts"`
	HelmInflation   []any             `json:"helmChartInflationGenerator"`
	Patches         []map[string]any  `json:"patches"`
	PatchesJSON6902 []map[string]any  `json:"patchesJson6902"`
	PatchesMerge    []string          `json:"patchesStrategicMerge"`
	Replacements    []map[string]any  `json:"replacements"`
	ConfigMaps      []map[string]any  `json:"configMapGenerator"`
	Secrets         []map[string]any  `json:"secretGenerator"`
}

// scan is what a walk over all kustomization files finds before anything is built.
type scan struct {
	files filesys.FileSystem
	seen  map[string]bool
	// ownSchema is set if a kustomization brings its own OpenAPI schema.
	ownSchema bool
}

// walk looks at the kustomization in a directory and at those that it names.
//
// What cannot be read or parsed is left to kustomize, which says best what is wrong with it.
func (s *scan) walk(directory string) *wire.Failure {
	if s.seen[directory] {
		return nil
	}
	s.seen[directory] = true
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := path.Join(directory, name)
		data, err := s.files.ReadFile(file)
		if err != nil {
			continue
		}
		var parsed kustomization
		if yaml.Unmarshal(data, &parsed) != nil {
			return nil
		}
		if failure := s.check(directory, &parsed); failure != nil {
			failure.Path = strings.TrimPrefix(file, "/")
			return failure
		}
	}
	return nil
}

// check looks at all that one kustomization names.
func (s *scan) check(directory string, parsed *kustomization) *wire.Failure {
	if len(parsed.HelmCharts) > 0 || len(parsed.HelmInflation) > 0 {
		return &wire.Failure{
			Code:    codePlugin,
			Message: "`helmCharts` would run helm as a subprocess",
			Help:    "render the chart with `helm.template` and add its objects to `resources`",
		}
	}
	s.ownSchema = s.ownSchema || len(parsed.OpenAPI) > 0
	directories := slices.Concat(parsed.Resources, parsed.Bases, parsed.Components,
		parsed.Generators, parsed.Transformers, parsed.Validators)
	files := slices.Concat(parsed.Crds, parsed.Configurations, parsed.PatchesMerge, paths(parsed))
	for _, name := range slices.Concat(directories, files) {
		local := path.Join(directory, name)
		if s.files.Exists(local) || strings.Contains(name, "\n") {
			continue
		}
		if remote(name) {
			return &wire.Failure{
				Code:    codeRemote,
				Message: fmt.Sprintf("`%s` is not in the package: it would be fetched from the network", name),
				Help:    "declare it in `[dependencies]` of akua.toml, or copy it into the package",
			}
		}
	}
	for _, name := range directories {
		if local := path.Join(directory, name); s.files.IsDir(local) {
			if failure := s.walk(local); failure != nil {
				return failure
			}
		}
	}
	return nil
}

// paths are the files that patches, replacements, generators and the schema name.
func paths(parsed *kustomization) []string {
	var found []string
	for _, entry := range slices.Concat(parsed.Patches, parsed.PatchesJSON6902, parsed.Replacements) {
		if name, ok := entry["path"].(string); ok {
			found = append(found, name)
		}
	}
	for _, entry := range slices.Concat(parsed.ConfigMaps, parsed.Secrets) {
		for _, key := range []string{"files", "envs"} {
			names, _ := entry[key].([]any)
			for _, name := range names {
				text, _ := name.(string)
				if _, file, ok := strings.Cut(text, "="); ok {
					text = file
				}
				found = append(found, text)
			}
		}
	}
	if name, ok := parsed.OpenAPI["path"]; ok {
		found = append(found, name)
	}
	return found
}

// remote reports whether kustomize would take name for a URL or for a git repository.
func remote(name string) bool {
	for _, prefix := range []string{"git::", "git@", "gh:", "github.com/", "github.com:", "org-"} {
		if strings.HasPrefix(strings.ToLower(name), prefix) {
			return true
		}
	}
	host, rest, _ := strings.Cut(name, "/")
	return strings.Contains(name, "://") || strings.Contains(name, "?ref=") ||
		strings.Contains(name, "?version=") || strings.Contains(rest, "_git/") ||
		strings.Contains(name, ".git/") || strings.HasSuffix(name, ".git") ||
		strings.Contains(strings.TrimPrefix(name, "/"), "//") ||
		strings.Contains(host, "@") && strings.Contains(name, ":")
}
