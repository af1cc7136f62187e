package render

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"akua.dev/engines/wire"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
)

// notesSuffix ends the names of templates whose output is for people.
const notesSuffix = "NOTES.txt"

// Frame answers a request frame with a result frame; whatever the chart does, it does not panic.
func Frame(frame []byte) (answer []byte) {
	code := codeRequest
	defer func() {
		if reason := recover(); reason != nil {
			answer = wire.Answer(nil, &wire.Failure{Code: code, Message: fmt.Sprint(reason)})
		}
	}()
	request, files, err := parse(frame)
	if err != nil {
		return wire.Answer(nil, wire.Fail(code, err))
	}
	seedGenerator(frame)
	objects, failure := run(request, files, &code)
	return wire.Answer(objects, failure)
}

// run does what `helm template` does, step by step; code says what a failure would be about.
func run(request *request, files []file, code *string) ([]wire.Object, *wire.Failure) {
	fail := func(err error) ([]wire.Object, *wire.Failure) { return nil, wire.Fail(*code, err) }
	capabilities, err := capabilities(request)
	if err != nil {
		return fail(err)
	}
	*code = codeChart
	chart, err := load(files)
	if err != nil {
		return fail(err)
	}
	if err := installable(chart); err != nil {
		return fail(err)
	}
	*code = codeDependency
	if err := dependenciesPresent(chart); err != nil {
		failure := wire.Fail(*code, err)
		failure.Help = "put the missing charts into `charts/`, as `helm dependency build` does"
		return nil, failure
	}
	*code = codeRequest
	if err := chartutil.ValidateReleaseName(request.Release.Name); err != nil {
		return fail(fmt.Errorf("release name check failed: release name %q: %w", request.Release.Name, err))
	}
	*code = codeDependency
	if err := chartutil.ProcessDependencies(chart, request.Values); err != nil {
		return fail(fmt.Errorf("chart dependencies processing failed: %w", err))
	}
	*code = codeValues
	values, err := util.ToRenderValues(chart, request.Values, common.ReleaseOptions{
		Name:      request.Release.Name,
		Namespace: request.Release.Namespace,
		Revision:  request.Release.Revision,
		IsInstall: !request.Release.IsUpgrade,
		IsUpgrade: request.Release.IsUpgrade,
	}, capabilities)
	if err != nil {
		return fail(err)
	}
	*code = codeChart
	if wanted := chart.Metadata.KubeVersion; wanted != "" {
		if !chartutil.IsCompatibleRange(wanted, capabilities.KubeVersion.String()) {
			return fail(fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", wanted, capabilities.KubeVersion.Version))
		}
	}
	*code = codeTemplate
	rendered, err := engine.Engine{}.RenderWithContext(context.Background(), chart, values)
	if err != nil {
		failure := wire.Fail(*code, err)
		failure.Path = templateIn(chart, failure.Message)
		return nil, failure
	}
	*code = codeOutput
	return collect(request, chart, rendered)
}

// capabilities are those of helm without a cluster, with what the request sets.
func capabilities(request *request) (*common.Capabilities, error) {
	capabilities := common.DefaultCapabilities.Copy()
	if request.KubeVersion != "" {
		version, err := common.ParseKubeVersion(request.KubeVersion)
		if err != nil {
			return nil, fmt.Errorf("invalid kube version '%s': %w", request.KubeVersion, err)
		}
		capabilities.KubeVersion = *version
	}
	versions := make(common.VersionSet, 0, len(capabilities.APIVersions)+len(request.APIVersions))
	versions = append(versions, capabilities.APIVersions...)
	capabilities.APIVersions = append(versions, request.APIVersions...)
	return capabilities, nil
}

// installable refuses library charts.
func installable(chart *chart.Chart) error {
	switch chart.Metadata.Type {
	case "", "application":
		return nil
	}
	return fmt.Errorf("%s charts are not installable", chart.Metadata.Type)
}

// dependenciesPresent refuses a chart whose declared dependencies are not in charts/.
func dependenciesPresent(chart *chart.Chart) error {
	var missing []string
	for _, wanted := range chart.Metadata.Dependencies {
		found := false
		for _, present := range chart.Dependencies() {
			found = found || present.Name() == wanted.Name
		}
		if !found {
			missing = append(missing, wanted.Name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New("an error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: " + strings.Join(missing, ", "))
}

// templateIn returns the template that a message names first.
func templateIn(chart *chart.Chart, message string) string {
	found, at := "", len(message)
	var visit func(*chartNode)
	visit = func(node *chartNode) {
		for _, template := range node.Templates {
			name := node.ChartFullPath() + "/" + template.Name
			if index := strings.Index(message, name); index >= 0 && index < at {
				found, at = name, index
			}
		}
		for _, dependency := range node.Dependencies() {
			visit(dependency)
		}
	}
	visit(chart)
	_, path, _ := strings.Cut(found, "/")
	return path
}

type chartNode = chart.Chart

// collect sorts what was rendered as `helm template` prints it.
func collect(request *request, chart *chart.Chart, rendered map[string]string) ([]wire.Object, *wire.Failure) {
	for name := range rendered {
		if strings.HasSuffix(name, notesSuffix) {
			delete(rendered, name)
		}
	}
	hooks, manifests, err := sortManifests(rendered)
	if err != nil {
		failure := wire.Fail(codeOutput, err)
		failure.Path = templateIn(chart, failure.Message)
		return nil, failure
	}
	var documents []document
	if request.IncludeCRDs {
		for _, definition := range chart.CRDObjects() {
			documents = append(documents, split(definition.Filename, unchanged(definition.File.Data))...)
		}
	}
	documents = append(documents, manifests...)
	if !request.NoHooks {
		for _, hook := range hooks {
			if request.SkipTests && isTest(hook) {
				continue
			}
			documents = append(documents, document{source: hook.Path, text: hook.Manifest, first: true})
		}
	}
	if len(request.ShowOnly) > 0 {
		documents, err = showOnly(documents, request.ShowOnly)
		if err != nil {
			return nil, wire.Fail(codeRequest, err)
		}
	}
	return objects(documents)
}

// unchanged is data as a string, without a copy: nothing writes to the files of a chart, and CRDs
// are the largest of them.
func unchanged(data []byte) string {
	return unsafe.String(unsafe.SliceData(data), len(data))
}
