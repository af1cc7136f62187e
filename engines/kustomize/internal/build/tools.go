//go:build tools

package build

// Whose go.mod decides the versions of what is used here.
import _ "sigs.k8s.io/kustomize/kustomize/v5/commands/build"
