// Package runtime has what helm's renderer names of the real one.
package runtime

import "k8s.io/apimachinery/pkg/runtime/schema"

// Object is any API object.
type Object any

// Scheme is a list of API versions.
type Scheme struct {
	versions []schema.GroupVersion
}

// NewScheme returns a scheme that knows versions.
func NewScheme(versions ...schema.GroupVersion) *Scheme {
	return &Scheme{versions: versions}
}

// Add makes the scheme know one more version.
func (s *Scheme) Add(version schema.GroupVersion) {
	s.versions = append(s.versions, version)
}

// PrioritizedVersionsAllGroups returns all known versions; the real order is random.
func (s *Scheme) PrioritizedVersionsAllGroups() []schema.GroupVersion {
	return s.versions
}
