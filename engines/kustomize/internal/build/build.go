// Package build does what `kustomize build` does, with files in memory.
package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"akua.dev/engines/wire"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// Codes of failures.
const (
	codeRequest = "E_KUSTOMIZE_REQUEST"
	codeBuild   = "E_KUSTOMIZE_BUILD"
	codeRemote  = "E_KUSTOMIZE_REMOTE"
	codePlugin  = "E_KUSTOMIZE_PLUGIN"
)

// request says what to build.
type request struct {
	// Path is the directory of the kustomization, relative to the root of the files.
	Path string `json:"path"`
}

// Frame answers a request frame with a result frame; whatever the files say, it does not panic.
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
	code = codeBuild
	objects, failure := run(request, files)
	return wire.Answer(objects, failure)
}

// parse splits a frame into what to build and the files.
func parse(frame []byte) (*request, filesys.FileSystem, error) {
	parts, err := wire.Decode(frame)
	if err != nil {
		return nil, nil, err
	}
	var parsed *request
	files := filesys.MakeFsInMemory()
	for _, part := range parts {
		if name, ok := strings.CutPrefix(part.Name, "file/"); ok {
			if err := files.WriteFile("/"+name, part.Data); err != nil {
				return nil, nil, err
			}
			continue
		}
		if part.Name != "request" || parsed != nil {
			return nil, nil, errors.New("unexpected part `" + part.Name + "`")
		}
		if err := json.Unmarshal(part.Data, &parsed); err != nil {
			return nil, nil, err
		}
	}
	if parsed == nil {
		return nil, nil, errors.New("the frame has no part `request`")
	}
	return parsed, files, nil
}

// run builds the kustomization.
func run(request *request, files filesys.FileSystem) ([]wire.Object, *wire.Failure) {
	directory := path.Join("/", request.Path)
	scan := scan{files: files, seen: map[string]bool{}}
	if failure := scan.walk(directory); failure != nil {
		return nil, failure
	}
	if scan.ownSchema {
		// The snapshot has the built-in schema, which a fresh kustomize would not have loaded.
		openapi.ResetOpenAPI()
	}
	options := krusty.MakeDefaultOptions()
	// As the command line tool without flags: `sortOptions`, else its legacy order.
	options.Reorder = krusty.ReorderOptionUnspecified
	resources, err := krusty.MakeKustomizer(options).Run(files, directory)
	if err != nil {
		return nil, failure(err)
	}
	objects, err := objects(resources)
	if err != nil {
		return nil, failure(err)
	}
	return objects, nil
}

// failure classifies an error of kustomize by its type.
func failure(err error) *wire.Failure {
	var root error = err
	for root != nil {
		if types.IsErrOnlyBuiltinPluginsAllowed(root) {
			return &wire.Failure{
				Code:    codePlugin,
				Message: err.Error(),
				Help:    "functions in containers and programs are not run; write the change in KCL",
			}
		}
		root = errors.Unwrap(root)
	}
	return wire.Fail(codeBuild, err)
}

// objects writes the resources in their order.
func objects(resources resmap.ResMap) ([]wire.Object, error) {
	objects := make([]wire.Object, 0, resources.Size())
	for _, resource := range resources.Resources() {
		yaml, err := resource.AsYAML()
		if err != nil {
			return nil, err
		}
		objects = append(objects, wire.Object{Identity: identity(resource), YAML: string(yaml)})
	}
	return objects, nil
}

// identity reads what the host wants to know of a resource.
func identity(resource *resource.Resource) wire.Identity {
	generateName := ""
	if value, err := resource.GetString("metadata.generateName"); err == nil {
		generateName = value
	}
	return wire.Identity{
		APIVersion:   resource.GetApiVersion(),
		Kind:         resource.GetKind(),
		Name:         resource.GetName(),
		Namespace:    resource.GetNamespace(),
		GenerateName: generateName,
	}
}
