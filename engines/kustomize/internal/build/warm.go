package build

import (
	"maps"
	"slices"

	"akua.dev/engines/wire"
)

// warmFiles exercise what nearly every overlay uses; the patch makes kustomize parse its schema.
var warmFiles = map[string]string{
	"base/kustomization.yaml": `resources:
- deployment.yaml
- service.yaml
configMapGenerator:
- name: settings
  literals:
  - a=b
`,
	"base/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nginx:1
        envFrom:
        - configMapRef:
            name: settings
        ports:
        - containerPort: 80
`,
	"base/service.yaml": `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
  - port: 80
`,
	"prod/kustomization.yaml": `resources:
- ../base
namespace: prod
namePrefix: prod-
labels:
- pairs:
    env: prod
  includeSelectors: true
commonAnnotations:
  a: b
images:
- name: nginx
  newTag: "2"
replicas:
- name: web
  count: 3
patches:
- path: patch.yaml
- target:
    kind: Service
  patch: |-
    - op: replace
      path: /spec/ports/0/port
      value: 8080
`,
	"prod/patch.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        resources:
          limits:
            memory: 64Mi
`,
}

// Warm builds a small overlay, so that what every build needs is in the snapshot.
func Warm() {
	parts := []wire.Part{{Name: "request", Data: []byte(`{"path":"prod"}`)}}
	for _, name := range slices.Sorted(maps.Keys(warmFiles)) {
		parts = append(parts, wire.Part{Name: "file/" + name, Data: []byte(warmFiles[name])})
	}
	answer, err := wire.Decode(Frame(wire.Encode(parts)))
	if err != nil || answer[0].Name != "result" {
		panic("the warm overlay does not build: " + string(answer[0].Data))
	}
}
