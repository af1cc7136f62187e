// Package v1beta1 registers the API of custom resource definitions.
package v1beta1

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// AddToScheme makes the scheme know this version.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.Add(schema.GroupVersion{Group: "apiextensions.k8s.io", Version: "v1beta1"})
	return nil
}
